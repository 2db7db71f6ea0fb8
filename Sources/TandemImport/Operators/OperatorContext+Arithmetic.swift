import TandemGraph

// Short names for the operations that lowerings are composed of.

extension OperatorContext {
    func unary(
        _ function: UnaryFunction, _ x: ImportedValue
    ) throws(ImportError) -> ImportedValue {
        try emit(.unary(function), x)
    }

    func add(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.binary(.add), a, b)
    }

    func subtract(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.binary(.subtract), a, b)
    }

    func multiply(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.binary(.multiply), a, b)
    }

    func divide(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.binary(.divide), a, b)
    }

    func minimum(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.binary(.minimum), a, b)
    }

    func maximum(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.binary(.maximum), a, b)
    }

    /// `x * scale + offset`; x itself where that changes nothing.
    func affine(
        _ x: ImportedValue, scale: Float = 1, offset: Float = 0
    ) throws(ImportError) -> ImportedValue {
        if scale == 1, offset == 0 { return x }
        return try emit(.affine(scale: scale, offset: offset), x)
    }

    /// The value between two numbers; the upper one wins where they cross.
    func clamped(
        _ x: ImportedValue, _ lower: Float, _ upper: Float
    ) throws(ImportError) -> ImportedValue {
        try minimum(try maximum(x, constant(lower)), constant(upper))
    }

    func select(
        _ condition: ImportedValue, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ImportError) -> ImportedValue {
        try emit(.select, condition, a, b)
    }

    func isLess(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.compare(.less), a, b)
    }

    func isEqual(_ a: ImportedValue, _ b: ImportedValue) throws(ImportError) -> ImportedValue {
        try emit(.compare(.equal), a, b)
    }

    func slice(
        _ x: ImportedValue, axis: Int, _ start: Dimension, _ end: Dimension
    ) throws(ImportError) -> ImportedValue {
        try emit(.slice(axis: axis, start: start, end: end), x)
    }

    func concat(_ parts: [ImportedValue], axis: Int) throws(ImportError) -> ImportedValue {
        parts.count == 1 ? parts[0] : try emit(.concat(axis: axis), parts)
    }

    /// Elements of an axis by numbers that are known now.
    func gather(
        _ x: ImportedValue, axis: Int, _ indices: [Int]
    ) throws(ImportError) -> ImportedValue {
        if let first = indices.first, indices == Array(first..<first + indices.count) {
            return try slice(x, axis: axis, .fixed(first), .fixed(first + indices.count))
        }
        return try emit(.gather(axis: axis), x, constant(indices))
    }

    /// A number in every place of a shape.
    func filled(
        _ value: Int, _ dtype: DataType, _ shape: [Dimension]
    ) throws(ImportError) -> ImportedValue {
        try expand(constant(value, dtype), shape)
    }

    /// The numbers `0 ..< count`, i64.
    func counting(_ count: Dimension) throws(ImportError) -> ImportedValue {
        try emit(.range(count: count))
    }

    /// The elements of an axis from the last to the first.
    func flipped(_ x: ImportedValue, axis: Int) throws(ImportError) -> ImportedValue {
        let size = x.shape[axis]
        if let fixed = size.fixedSize {
            return try gather(x, axis: axis, Array((0..<fixed).reversed()))
        }
        guard let last = size.subtracting(1) else {
            throw failure(.overflow, "the size \(size) does not fit")
        }
        let ends = try reshape(sizesConstant([last]), [])
        return try emit(.gather(axis: axis), x, try subtract(ends, try counting(size)))
    }

    /// The value reduced along axes, which disappear or stay with size 1.
    func reduce(
        _ reduction: Reduction, _ x: ImportedValue, axes: [Int], keepsAxes: Bool = false
    ) throws(ImportError) -> ImportedValue {
        var value = x
        for axis in axes.sorted(by: >) {
            value = try emit(.reduce(reduction, axis: axis), value)
        }
        guard keepsAxes else { return value }
        var shape = x.shape
        for axis in axes { shape[axis] = 1 }
        return try reshape(value, shape)
    }

    /// Softmax along any axis.
    func softmax(_ x: ImportedValue, axis: Int) throws(ImportError) -> ImportedValue {
        try alongLast(x, axis: axis) { x throws(ImportError) in try emit(.softmax, x) }
    }

    /// Applies a function of the last axis to another axis.
    func alongLast(
        _ x: ImportedValue, axis: Int,
        _ function: (ImportedValue) throws(ImportError) -> ImportedValue
    ) throws(ImportError) -> ImportedValue {
        if axis == x.rank - 1 { return try function(x) }
        var order = Array(0..<x.rank)
        order.swapAt(axis, x.rank - 1)
        return try transpose(try function(try transpose(x, order)), order)
    }

    /// Refuses every dtype but f32.
    func float(_ value: ImportedValue) throws(ImportError) -> ImportedValue {
        guard value.dtype == .float32 else { throw wrongType(value, "floating-point numbers") }
        return value
    }
}
