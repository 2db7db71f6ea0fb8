import TandemGraph

// Convolution, and pooling as repeated maxima or sums of shifted slices, one axis after the other:
// k slices an axis instead of one for each place of a window.

/// How a window walks over spatial axes, from the attributes that convolution and pooling share.
struct WindowWalk {
    /// The windows' sizes.
    var kernel: [Int]
    /// Steps between two windows.
    var strides: [Int]
    /// Distances between a window's taps.
    var dilations: [Int]
    /// Padding before the first element.
    var before: [Int]
    /// Padding behind the last element.
    var after: [Int]
    /// Whether a last window may reach beyond the padding.
    var reachesOver = false

    static let attributes: Set<String> = [
        "auto_pad", "dilations", "kernel_shape", "pads", "strides",
    ]

    /// Reads the attributes for spatial sizes.
    init(
        _ context: OperatorContext, _ x: ImportedValue, kernel: [Int]
    ) throws(ImportError) {
        let rank = kernel.count
        func list(_ name: String, _ value: Int, _ count: Int) throws(ImportError) -> [Int] {
            let list = try context.ints(name) ?? Array(repeating: value, count: count)
            guard list.count == count, list.allSatisfy({ $0 >= value && $0 <= 1 << 24 }) else {
                throw context.failure(
                    .invalidAttribute, "attribute '\(name)' must be \(count) numbers from \(value)")
            }
            return list
        }
        guard rank > 0, x.rank == rank + 2, kernel.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
            throw context.failure(.wrongShape, "a window of \(kernel) does not fit \(x.type)")
        }
        self.kernel = kernel
        strides = try list("strides", 1, rank)
        dilations = try list("dilations", 1, rank)
        let pads = try list("pads", 0, 2 * rank)
        before = Array(pads[..<rank])
        after = Array(pads[rank...])
        let mode = try context.string("auto_pad", default: "NOTSET")
        switch mode {
        case "NOTSET", "": break
        case "VALID":
            before = Array(repeating: 0, count: rank)
            after = before
        case "SAME_UPPER", "SAME_LOWER":
            for axis in 0..<rank { try keepSize(context, x, axis, isLower: mode == "SAME_LOWER") }
        default:
            throw context.failure(.invalidAttribute, "there is no padding '\(mode)'")
        }
    }

    /// Pads so that there are as many windows as steps fit into the size.
    private mutating func keepSize(
        _ context: OperatorContext, _ x: ImportedValue, _ axis: Int, isLower: Bool
    ) throws(ImportError) {
        let reach = (kernel[axis] - 1) * dilations[axis] + 1
        var total = reach - 1
        if strides[axis] != 1 {
            let size = try context.fixedSize(x, axis: axis + 2, "the size")
            let count = (size + strides[axis] - 1) / strides[axis]
            total = max((count - 1) * strides[axis] + reach - size, 0)
        }
        before[axis] = isLower ? total - total / 2 : total / 2
        after[axis] = total - before[axis]
    }

    /// How many windows there are along an axis of a known size.
    func count(_ axis: Int, of size: Int) -> Int {
        let room = size + before[axis] + after[axis] - (kernel[axis] - 1) * dilations[axis] - 1
        guard room >= 0 else { return 0 }
        let count = room / strides[axis] + 1
        guard reachesOver, room % strides[axis] != 0 else { return count }
        // A window that starts behind the elements and the front padding is left out.
        return count * strides[axis] >= size + before[axis] ? count : count + 1
    }
}

extension OperatorTable {
    private static let poolAttributes = WindowWalk.attributes.union(["ceil_mode"])

    static let windows: [OperatorEntry] = [
        OperatorEntry(
            "Conv", inputs: 2...3, attributes: WindowWalk.attributes.union(["group"])
        ) { context in
            [
                try context.convolved(
                    try context.float(try context.input(0)), try context.input(1),
                    context.optional(2))
            ]
        },
        OperatorEntry(
            "MaxPool", inputs: 1...1, attributes: poolAttributes.union(["storage_order"])
        ) { context in
            guard !context.wantsOutput(1) else {
                throw context.failure(
                    .unsupported, "the places of the largest elements are not computed",
                    "export without the second output")
            }
            return [try context.maximumPool()]
        },
        OperatorEntry(
            "AveragePool", inputs: 1...1, attributes: poolAttributes.union(["count_include_pad"])
        ) { [try $0.averagePool()] },
        OperatorEntry("GlobalAveragePool", inputs: 1...1) { context in
            let x = try context.spatial()
            return [try context.reduce(.mean, x, axes: Array(2..<x.rank), keepsAxes: true)]
        },
        OperatorEntry("GlobalMaxPool", inputs: 1...1) { context in
            let x = try context.spatial()
            return [try context.reduce(.maximum, x, axes: Array(2..<x.rank), keepsAxes: true)]
        },
    ]
}

extension OperatorContext {
    /// A convolution with this node's attributes.
    func convolved(
        _ x: ImportedValue, _ weight: ImportedValue, _ bias: ImportedValue?
    ) throws(ImportError) -> ImportedValue {
        guard let sizes = weight.type.fixedSizes, sizes.count >= 3 else {
            throw failure(.wrongShape, "the weight must be [M, C, k...], is \(weight.type)")
        }
        let kernel = Array(sizes[2...])
        if let declared = try ints("kernel_shape"), declared != kernel {
            throw failure(.wrongShape, "kernel_shape \(declared) for a weight of \(weight.type)")
        }
        let walk = try WindowWalk(self, x, kernel: kernel)
        let convolution = Convolution(
            strides: walk.strides, dilations: walk.dilations, paddingBefore: walk.before,
            paddingAfter: walk.after, groups: try int("group", default: 1))
        return try emit(.convolution(convolution), [x, weight] + (bias.map { [$0] } ?? []))
    }

    fileprivate func spatial() throws(ImportError) -> ImportedValue {
        let x = try float(try input(0))
        guard x.rank >= 3 else { throw failure(.wrongShape, "needs [N, C, ...], got \(x.type)") }
        return x
    }

    private func poolWalk(_ x: ImportedValue) throws(ImportError) -> WindowWalk {
        guard let kernel = try ints("kernel_shape") else {
            throw failure(.invalidAttribute, "attribute 'kernel_shape' is missing")
        }
        guard kernel.allSatisfy({ $0 <= 1024 }) else {
            throw failure(
                .limitExceeded, "a window of \(kernel) is wider than 1024",
                "pool over a whole axis with ReduceMax or ReduceMean")
        }
        var walk = try WindowWalk(self, x, kernel: kernel)
        walk.reachesOver = try flag("ceil_mode", default: false)
        return walk
    }

    fileprivate func maximumPool() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let walk = try poolWalk(x)
        let filler: ImportedValue
        switch x.dtype {
        case .float32: filler = constant(-Float.infinity)
        case .int8: filler = constant(-128, .int8)
        case .uint8: filler = constant(0, .uint8)
        default: throw wrongType(x, "f32, i8 or u8")
        }
        var value = x
        for axis in 0..<walk.kernel.count {
            value = try pooled(value, walk, axis, filler) { a, b throws(ImportError) in
                try maximum(a, b)
            }
        }
        return value
    }

    fileprivate func averagePool() throws(ImportError) -> ImportedValue {
        let x = try float(try input(0))
        let walk = try poolWalk(x)
        let countsPadding = try flag("count_include_pad", default: false)
        var value = x
        for axis in 0..<walk.kernel.count {
            value = try pooled(value, walk, axis, constant(0, .float32)) {
                a, b throws(ImportError) in
                try add(a, b)
            }
            value = try averaged(value, x, walk, axis, countsPadding: countsPadding)
        }
        return value
    }

    /// Combines a window's taps along one axis.
    private func pooled(
        _ x: ImportedValue, _ walk: WindowWalk, _ axis: Int, _ filler: ImportedValue,
        _ combine: (ImportedValue, ImportedValue) throws(ImportError) -> ImportedValue
    ) throws(ImportError) -> ImportedValue {
        let place = axis + 2
        let (count, over) = try windowCount(x, walk, axis)
        let wide = try padded(x, place, walk.before[axis], walk.after[axis] + over, filler)
        var result: ImportedValue?
        for tap in 0..<walk.kernel[axis] {
            let start = tap * walk.dilations[axis]
            let part: ImportedValue
            if walk.strides[axis] == 1 {
                guard let end = count.adding(.fixed(start)) else {
                    throw failure(.overflow, "the windows do not fit")
                }
                part = try slice(wide, axis: place, .fixed(start), end)
            } else {
                let places = (0..<(count.fixedSize ?? 0)).map { start + $0 * walk.strides[axis] }
                part = try gather(wide, axis: place, places)
            }
            result = try result.map { r throws(ImportError) in try combine(r, part) } ?? part
        }
        return result ?? x
    }

    /// The number of windows along an axis, and how far the last one reaches over the padding.
    private func windowCount(
        _ x: ImportedValue, _ walk: WindowWalk, _ axis: Int
    ) throws(ImportError) -> (Dimension, Int) {
        let reach = (walk.kernel[axis] - 1) * walk.dilations[axis] + 1
        let padding = walk.before[axis] + walk.after[axis]
        if walk.strides[axis] == 1, x.shape[axis + 2].fixedSize == nil {
            guard let count = x.shape[axis + 2].adding(.fixed(padding - reach + 1)) else {
                throw failure(.overflow, "the windows do not fit")
            }
            return (count, 0)
        }
        let size = try fixedSize(x, axis: axis + 2, "the pooled size")
        let count = walk.count(axis, of: size)
        guard count > 0 else {
            throw failure(.wrongShape, "a window of \(walk.kernel) is wider than \(x.type)")
        }
        let needed = (count - 1) * walk.strides[axis] + reach
        return (.fixed(count), max(needed - size - padding, 0))
    }

    /// Divides sums by the elements that each window has along an axis.
    private func averaged(
        _ sums: ImportedValue, _ x: ImportedValue, _ walk: WindowWalk, _ axis: Int,
        countsPadding: Bool
    ) throws(ImportError) -> ImportedValue {
        let isPlain =
            !walk.reachesOver && (countsPadding || walk.before[axis] + walk.after[axis] == 0)
        if isPlain { return try affine(sums, scale: 1 / Float(walk.kernel[axis])) }
        let size = try fixedSize(x, axis: axis + 2, "the pooled size")
        let inside =
            countsPadding ? -walk.before[axis]..<size + walk.after[axis] : 0..<size
        let shares = (0..<walk.count(axis, of: size)).map { window in
            let start = window * walk.strides[axis] - walk.before[axis]
            let taps = (0..<walk.kernel[axis]).count {
                inside.contains(start + $0 * walk.dilations[axis])
            }
            return 1 / Float(max(taps, 1))
        }
        var shape = [Int](repeating: 1, count: x.rank)
        shape[axis + 2] = shares.count
        return try multiply(sums, constant(Tensor(.float32, shape: shape, shares)))
    }
}
