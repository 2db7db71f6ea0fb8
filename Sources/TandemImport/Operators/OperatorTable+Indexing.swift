import TandemGraph

// Operators that pick, repeat and pad elements.

extension OperatorTable {
    static let indexing: [OperatorEntry] = [
        OperatorEntry("Identity", inputs: 1...1, takesSequences: true) { [try $0.input(0)] },
        OperatorEntry("Dropout", inputs: 1...3, attributes: ["ratio", "seed"]) {
            try $0.dropout()
        },
        OperatorEntry("Split", inputs: 1...2, attributes: ["axis", "split", "num_outputs"]) {
            try $0.split()
        },
        OperatorEntry("Slice", inputs: 3...5) { [try $0.sliced()] },
        OperatorEntry("Expand", inputs: 2...2) { context in
            let x = try context.input(0)
            let wanted = try context.sizes(try context.input(1), "the shape")
            return [try context.expand(x, try context.broadcastShape(x.shape, wanted))]
        },
        OperatorEntry("Tile", inputs: 2...2) { [try $0.tiled()] },
        OperatorEntry("Pad", inputs: 2...4, attributes: ["mode"]) { [try $0.padded()] },
        OperatorEntry("GatherElements", inputs: 2...2, attributes: ["axis"]) { context in
            try context.takenAlong()
        },
        OperatorEntry("GatherND", inputs: 2...2, attributes: ["batch_dims"]) {
            [try $0.gatheredByTuples()]
        },
        OperatorEntry("OneHot", inputs: 3...3, attributes: ["axis"]) { [try $0.oneHot()] },
        OperatorEntry("Range", inputs: 3...3) { [try $0.rangeOfNumbers()] },
        OperatorEntry("EyeLike", inputs: 1...1, attributes: ["dtype", "k"]) { context in
            let x = try context.input(0)
            guard x.rank == 2 else {
                throw context.failure(.wrongShape, "needs a matrix, got \(x.type)")
            }
            let (rows, columns) = try context.places(x.shape[0], x.shape[1])
            let shift = context.constant(try context.int("k", default: 0), .int64)
            let isOne = try context.isEqual(try context.add(rows, shift), columns)
            return [try context.cast(isOne, to: try context.dtype("dtype") ?? x.dtype)]
        },
        OperatorEntry("Trilu", inputs: 1...2, attributes: ["upper"]) { [try $0.triangle()] },
        OperatorEntry(
            "ReverseSequence", inputs: 2...2, attributes: ["batch_axis", "time_axis"]
        ) { [try $0.reversedSequences()] },
        OperatorEntry(
            "DepthToSpace", inputs: 1...1, attributes: ["blocksize", "mode"]
        ) { [try $0.depthToSpace()] },
        OperatorEntry("SpaceToDepth", inputs: 1...1, attributes: ["blocksize"]) {
            [try $0.spaceToDepth()]
        },
    ]
}

extension OperatorContext {
    /// Column and row of numbers that count the places of a matrix, i64.
    func places(
        _ rows: Dimension, _ columns: Dimension
    ) throws(ImportError) -> (rows: ImportedValue, columns: ImportedValue) {
        (try reshape(try counting(rows), [rows, 1]), try counting(columns))
    }

    fileprivate func dropout() throws(ImportError) -> [ImportedValue] {
        let x = try input(0)
        if let mode = optional(2) {
            let isKept = optional(1)?.floats?.first == 0
            let training = try integers(mode, "the training mode")
            guard isKept || training == [0] else {
                throw failure(
                    .unsupported, "random numbers have no place in serving",
                    "export in evaluation mode (model.eval())")
            }
        }
        return wantsOutput(1) ? [x, try filled(1, .bool, x.shape)] : [x]
    }

    fileprivate func split() throws(ImportError) -> [ImportedValue] {
        let x = try input(0)
        let axis = try axis(default: 0, rank: x.rank)
        var lengths: [Dimension] = []
        if let input = optional(1) {
            lengths = try sizes(input, "the parts")
        } else if let listed = try ints("split") {
            lengths = listed.map { .fixed($0) }
        } else {
            lengths = try equalParts(x, axis, try int("num_outputs", default: outputCount))
        }
        guard lengths.count == outputCount else {
            throw failure(.wrongArity, "\(lengths.count) parts for \(outputCount) outputs")
        }
        var parts: [ImportedValue] = []
        var start: Dimension = 0
        for length in lengths {
            guard let end = start.adding(length) else {
                throw failure(.overflow, "the parts do not fit")
            }
            parts.append(try slice(x, axis: axis, start, end))
            start = end
        }
        guard start == x.shape[axis] else {
            throw failure(.wrongShape, "parts of \(start) in all do not fill \(x.shape[axis])")
        }
        return parts
    }

    /// Parts of one size, the last one smaller where they do not come out even.
    private func equalParts(
        _ x: ImportedValue, _ axis: Int, _ count: Int
    ) throws(ImportError) -> [Dimension] {
        guard count > 0 else { throw failure(.invalidAttribute, "there are no parts") }
        if let part = x.shape[axis].divided(exactlyBy: .fixed(count)) {
            return Array(repeating: part, count: count)
        }
        let size = try fixedSize(x, axis: axis, "the size")
        let part = (size + count - 1) / count
        let last = size - part * (count - 1)
        guard last >= 0, opset >= 18 else {
            throw failure(.wrongShape, "\(size) does not split into \(count) parts")
        }
        return (0..<count).map { .fixed($0 < count - 1 ? part : last) }
    }

    // MARK: Slices

    fileprivate func sliced() throws(ImportError) -> ImportedValue {
        var x = try input(0)
        let starts = try sizes(try input(1), "the starts")
        let ends = try sizes(try input(2), "the ends")
        let axes = try optional(3).map { v throws(ImportError) in try integers(v, "the axes") }
        let steps = try optional(4).map { v throws(ImportError) in try integers(v, "the steps") }
        guard starts.count == ends.count, (axes?.count ?? starts.count) == starts.count,
            (steps?.count ?? starts.count) == starts.count
        else { throw failure(.wrongShape, "starts, ends, axes and steps differ in number") }
        for index in starts.indices {
            let axis = try axis(axes?[index] ?? index, rank: x.rank)
            let step = steps?[index] ?? 1
            if step == 1 {
                let start = try bound(starts[index], x.shape[axis])
                let end = try bound(ends[index], x.shape[axis])
                let isEmpty = end.isAtLeast(start) == false
                x = try slice(x, axis: axis, start, isEmpty ? start : end)
            } else {
                x = try steppedSlice(x, axis, starts[index], ends[index], step)
            }
        }
        return x
    }

    /// A place of a slice: counted from the front, and not outside.
    private func bound(
        _ place: Dimension, _ size: Dimension
    ) throws(ImportError) -> Dimension {
        var place = place
        if let fixed = place.fixedSize {
            // Exporters write the largest whole number for "to the end".
            if fixed >= Int(Int32.max) { return size }
            if fixed <= -Int(Int32.max) { return 0 }
            if fixed < 0 {
                guard let shifted = size.adding(place) else {
                    throw failure(.overflow, "the place \(place) does not fit")
                }
                place = shifted
            }
        }
        if place.isAtLeast(0) == false || Dimension.fixed(0).isAtLeast(place) == true { return 0 }
        if place.isAtLeast(size) == true { return size }
        // With a size not known now, a slice that reaches outside is told when it is bound.
        return place
    }

    private func steppedSlice(
        _ x: ImportedValue, _ axis: Int, _ start: Dimension, _ end: Dimension, _ step: Int
    ) throws(ImportError) -> ImportedValue {
        guard step != 0 else { throw failure(.invalidAttribute, "a step is 0") }
        if step == -1, start.fixedSize.map({ $0 == -1 || $0 >= Int(Int32.max) }) == true,
            end.fixedSize.map({ $0 <= -Int(Int32.max) }) == true
        {
            return try flipped(x, axis: axis)
        }
        let size = try fixedSize(x, axis: axis, "the size of a slice with steps")
        guard var first = start.fixedSize, var last = end.fixedSize else {
            throw failure(
                .dynamicShape, "a slice with steps has an end known only later",
                "give named dimensions a size by --dim")
        }
        first = first < 0 ? max(first, -size - 1) + size : first
        last = last < 0 ? max(last, -size - 1) + size : last
        first = step > 0 ? min(max(first, 0), size) : min(max(first, -1), size - 1)
        last = step > 0 ? min(max(last, 0), size) : min(max(last, -1), size - 1)
        let places = Array(stride(from: first, to: last, by: step))
        if places.isEmpty { return try slice(x, axis: axis, 0, 0) }
        return try gather(x, axis: axis, places)
    }

    // MARK: Repeated and padded

    fileprivate func tiled() throws(ImportError) -> ImportedValue {
        var x = try input(0)
        let counts = try sizes(try input(1), "the repeats")
        guard counts.count == x.rank else {
            throw failure(.wrongShape, "\(counts.count) repeats for \(x.type)")
        }
        for axis in counts.indices where counts[axis] != 1 {
            let size = x.shape[axis]
            var shape = x.shape
            shape.insert(counts[axis], at: axis)
            var single = shape
            single[axis] = 1
            let repeated = try expand(try reshape(x, single), shape)
            shape.remove(at: axis)
            shape[axis] = try product([counts[axis], size])
            x = try reshape(repeated, shape)
        }
        return x
    }

    fileprivate func padded() throws(ImportError) -> ImportedValue {
        var x = try input(0)
        let amounts = try integers(try input(1), "the padding")
        let mode = try string("mode", default: "constant")
        var axes = Array(0..<x.rank)
        if let listed = optional(3) {
            axes = []
            for axis in try integers(listed, "the axes") {
                axes.append(try self.axis(axis, rank: x.rank))
            }
        }
        guard amounts.count == 2 * axes.count else {
            throw failure(.wrongShape, "\(amounts.count) amounts of padding for \(axes.count) axes")
        }
        var filler = optional(2) ?? constant(0, x.dtype)
        filler = try reshape(filler, [])
        for (index, axis) in axes.enumerated() {
            let before = amounts[index]
            let after = amounts[axes.count + index]
            x = try cropped(x, axis, before, after)
            if mode == "constant" {
                x = try padded(x, axis, max(before, 0), max(after, 0), filler)
            } else {
                x = try mirrored(x, axis, max(before, 0), max(after, 0), mode)
            }
        }
        return x
    }

    /// What negative padding leaves.
    private func cropped(
        _ x: ImportedValue, _ axis: Int, _ before: Int, _ after: Int
    ) throws(ImportError) -> ImportedValue {
        guard before < 0 || after < 0 else { return x }
        guard let end = x.shape[axis].adding(.fixed(min(after, 0))) else {
            throw failure(.overflow, "the padding does not fit")
        }
        return try slice(x, axis: axis, .fixed(max(-before, 0)), end)
    }

    /// Joins copies of one number before and behind.
    func padded(
        _ x: ImportedValue, _ axis: Int, _ before: Int, _ after: Int, _ filler: ImportedValue
    ) throws(ImportError) -> ImportedValue {
        var parts = [x]
        var shape = x.shape
        if before > 0 {
            shape[axis] = .fixed(before)
            parts.insert(try expand(filler, shape), at: 0)
        }
        if after > 0 {
            shape[axis] = .fixed(after)
            parts.append(try expand(filler, shape))
        }
        return try concat(parts, axis: axis)
    }

    private func mirrored(
        _ x: ImportedValue, _ axis: Int, _ before: Int, _ after: Int, _ mode: String
    ) throws(ImportError) -> ImportedValue {
        guard before > 0 || after > 0 else { return x }
        let size = try fixedSize(x, axis: axis, "the padded size")
        guard size > 0, before + after <= ImportLimits.foldedElementCountMax else {
            throw failure(.wrongShape, "there is nothing to repeat around \(x.type)")
        }
        let places = try (-before..<size + after).map { place throws(ImportError) -> Int in
            switch mode {
            case "edge": return min(max(place, 0), size - 1)
            case "wrap": return ((place % size) + size) % size
            case "reflect":
                guard size > 1 else { return 0 }
                let period = 2 * (size - 1)
                let phase = ((place % period) + period) % period
                return phase < size ? phase : period - phase
            default:
                throw failure(.invalidAttribute, "there is no padding of mode '\(mode)'")
            }
        }
        return try gather(x, axis: axis, places)
    }

    // MARK: Indices

    fileprivate func takenAlong() throws(ImportError) -> [ImportedValue] {
        var x = try input(0)
        let indices = try input(1)
        let axis = try axis(default: 0, rank: x.rank)
        guard indices.rank == x.rank else {
            throw failure(.wrongShape, "indices \(indices.type) for \(x.type)")
        }
        for other in x.shape.indices where other != axis && x.shape[other] != indices.shape[other] {
            x = try slice(x, axis: other, 0, indices.shape[other])
        }
        return [try emit(.takeAlong(axis: axis), x, indices)]
    }

    /// Each last row of the indices names a place by one number an axis.
    ///
    /// The places become one number over the joined axes, so that it is a gather of rows.
    fileprivate func gatheredByTuples() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let indices = try input(1)
        let batch = try int("batch_dims", default: 0)
        guard batch >= 0, batch < indices.rank, batch < x.rank else {
            throw failure(.invalidAttribute, "attribute 'batch_dims' is outside the shapes")
        }
        let depth = try fixedSize(indices, axis: indices.rank - 1, "the length of an index")
        guard depth >= 1, batch + depth <= x.rank else {
            throw failure(.wrongShape, "indices of \(depth) numbers for \(x.type)")
        }
        let last = indices.rank - 1
        var flat: ImportedValue?
        for position in 0..<depth {
            let size = x.shape[batch + position]
            var index = try slice(indices, axis: last, .fixed(position), .fixed(position + 1))
            index = try reshape(index, Array(indices.shape.dropLast()))
            index = try cast(index, to: .int64)
            let extent = try reshape(sizesConstant([size]), [])
            let isNegative = try isLess(index, constant(0, .int64))
            index = try select(isNegative, try add(index, extent), index)
            flat =
                try flat.map { sum throws(ImportError) in
                    try add(try multiply(sum, extent), index)
                } ?? index
        }
        guard var place = flat else { throw failure(.wrongShape, "there are no indices") }
        if batch > 0 { place = try shiftedByBatch(place, x, batch, depth) }
        let rest = Array(x.shape[(batch + depth)...])
        let rows = try reshape(x, [try product(x.shape[..<(batch + depth)])] + rest)
        return try emit(.gather(axis: 0), rows, place)
    }

    private func shiftedByBatch(
        _ place: ImportedValue, _ x: ImportedValue, _ batch: Int, _ depth: Int
    ) throws(ImportError) -> ImportedValue {
        let count = try product(x.shape[..<batch])
        let span = try product(x.shape[batch..<batch + depth])
        let starts = try multiply(
            try counting(count), try reshape(sizesConstant([span]), []))
        let shape =
            Array(place.shape[..<batch]) + [Dimension](repeating: 1, count: place.rank - batch)
        return try add(place, try reshape(starts, shape))
    }

    fileprivate func oneHot() throws(ImportError) -> ImportedValue {
        let given = try input(0)
        let depth = try input(1)
        let values = try input(2)
        let indices = try cast(given, to: .int64)
        var count: Dimension
        if depth.dtype == .float32 {
            count = .fixed(Int(try scalar(depth, "the depth")))
        } else {
            let listed = try sizes(depth, "the depth")
            guard listed.count == 1 else {
                throw failure(.wrongShape, "the depth must be one number, is \(depth.type)")
            }
            count = listed[0]
        }
        if count.isAtLeast(1) == false { throw failure(.outOfRange, "the depth is \(count)") }
        let axis = try axis(default: -1, rank: indices.rank + 1)
        let extent = try reshape(sizesConstant([count]), [])
        let isNegative = try isLess(indices, constant(0, .int64))
        let places = try select(isNegative, try add(indices, extent), indices)
        var shape = [Dimension](repeating: 1, count: indices.rank + 1)
        shape[axis] = count
        let isHot = try isEqual(
            try unsqueeze(places, axes: [axis]), try reshape(try counting(count), shape))
        let off = try reshape(try slice(values, axis: 0, 0, 1), [])
        let on = try reshape(try slice(values, axis: 0, 1, 2), [])
        return try select(isHot, on, off)
    }

    /// `start, start + delta, ...` below the limit; whole numbers that sizes can say, or constants.
    fileprivate func rangeOfNumbers() throws(ImportError) -> ImportedValue {
        let bounds = try allInputs()
        if let start = bounds[0].floats?.first, let limit = bounds[1].floats?.first,
            let delta = bounds[2].floats?.first, delta != 0
        {
            let count = max(((limit - start) / delta).rounded(.up), 0)
            guard count <= Float(ImportLimits.foldedElementCountMax) else {
                throw failure(.limitExceeded, "a range of \(count) numbers")
            }
            let numbers = (0..<Int(count)).map { start + Float($0) * delta }
            return constant(Tensor(.float32, shape: [numbers.count], numbers))
        }
        var numbers: [Dimension] = []
        for bound in bounds { numbers.append(contentsOf: try sizes(bound, "the range")) }
        guard numbers.count == 3, let delta = numbers[2].fixedSize, delta != 0,
            let span = numbers[1].subtracting(numbers[0])
        else { throw failure(.unsupported, "the step of a range must be known at import, not 0") }
        var count: Dimension
        if let fixed = span.fixedSize {
            let whole = fixed / delta + (fixed % delta != 0 && (fixed < 0) == (delta < 0) ? 1 : 0)
            count = .fixed(max(whole, 0))
        } else {
            guard let exact = span.divided(exactlyBy: .fixed(delta)) else {
                throw failure(
                    .dynamicShape, "a range of \(span) numbers in steps of \(delta)",
                    "give named dimensions a size by --dim")
            }
            count = exact
        }
        let dtype = bounds[0].dtype
        let start = try cast(try reshape(sizesConstant([numbers[0]]), []), to: dtype)
        let steps = try multiply(try cast(try counting(count), to: dtype), constant(delta, dtype))
        let range = try add(steps, start)
        if let first = numbers[0].fixedSize {
            range.progression = Progression(start: first, step: delta, count: count)
        }
        return range
    }

    fileprivate func triangle() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        guard x.rank >= 2 else { throw failure(.wrongShape, "needs a matrix, got \(x.type)") }
        var diagonal = 0
        if let given = optional(1) {
            let listed = try integers(given, "the diagonal")
            guard listed.count == 1 else {
                throw failure(.wrongShape, "the diagonal must be one number")
            }
            diagonal = min(max(listed[0], -Int(Int32.max)), Int(Int32.max))
        }
        let (rows, columns) = try places(x.shape[x.rank - 2], x.shape[x.rank - 1])
        let edge = try add(rows, constant(diagonal, .int64))
        let isKept =
            try flag("upper", default: true)
            ? emit(.compare(.lessOrEqual), edge, columns)
            : emit(.compare(.lessOrEqual), columns, edge)
        return try select(isKept, x, constant(0, x.dtype))
    }

    /// Position `t` of a sequence of `n` becomes `n - 1 - t` where `t < n`, and stays behind it.
    fileprivate func reversedSequences() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let time = try axis("time_axis", default: 0, rank: x.rank)
        let batch = try axis("batch_axis", default: 1, rank: x.rank)
        guard x.rank >= 2, time < 2, batch == 1 - time else {
            throw failure(.invalidAttribute, "time and batch must be axes 0 and 1")
        }
        let steps = x.shape[time]
        let lengths = try reshape(try input(1), [x.shape[batch], 1])
        let counted = try cast(lengths, to: .int64)
        let places = try counting(steps)
        let mirrored = try subtract(try subtract(counted, constant(1, .int64)), places)
        let isInside = try isLess(places, counted)
        var indices = try select(isInside, mirrored, places)
        if time == 0 { indices = try transpose(indices, [1, 0]) }
        let single = Array(indices.shape) + [Dimension](repeating: 1, count: x.rank - 2)
        let wide = try expand(try reshape(indices, single), x.shape)
        return try emit(.takeAlong(axis: time), x, wide)
    }

    // MARK: Blocks

    fileprivate func depthToSpace() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let block = Dimension.fixed(try requiredInt("blocksize"))
        let isColumnFirst = try string("mode", default: "DCR") == "CRD"
        guard x.rank == 4, let depth = x.shape[1].divided(exactlyBy: try product([block, block]))
        else { throw failure(.wrongShape, "\(x.type) has no blocks of \(block)") }
        let (batch, height, width) = (x.shape[0], x.shape[2], x.shape[3])
        let split =
            isColumnFirst
            ? [batch, depth, block, block, height, width]
            : [batch, block, block, depth, height, width]
        let moved = try transpose(
            try reshape(x, split), isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
        return try reshape(
            moved, [batch, depth, try product([height, block]), try product([width, block])])
    }

    fileprivate func spaceToDepth() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let block = Dimension.fixed(try requiredInt("blocksize"))
        guard x.rank == 4, let height = x.shape[2].divided(exactlyBy: block),
            let width = x.shape[3].divided(exactlyBy: block)
        else { throw failure(.wrongShape, "\(x.type) has no blocks of \(block)") }
        let split = [x.shape[0], x.shape[1], height, block, width, block]
        let moved = try transpose(try reshape(x, split), [0, 3, 5, 1, 2, 4])
        return try reshape(
            moved, [x.shape[0], try product([block, block, x.shape[1]]), height, width])
    }
}
