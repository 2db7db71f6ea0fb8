import TandemGraph

// Design: a sequence is a list of values of the import.
//
// Its length and every place in it are known at import, since a loop that appends is unrolled; so
// each operator here only makes another list. The exception is a loop over the bags of a batch
// (`BagSequenceLoop`): of its sequence the members are not known one by one, but all of them are
// the rows of one tensor, which a concatenation gives back.

extension OperatorTable {
    /// Sequences of tensors.
    static let sequences: [OperatorEntry] = [
        OperatorEntry("SequenceEmpty", inputs: 0...0, attributes: ["dtype"]) {
            [$0.sequence([])]
        },
        OperatorEntry("SequenceConstruct", inputs: 1...Int.max) {
            [$0.sequence(try $0.allInputs())]
        },
        OperatorEntry("SequenceInsert", inputs: 2...3, takesSequences: true) { context in
            var members = try context.members()
            let place = try context.place(
                2, default: members.count, memberCount: members.count, last: members.count)
            let member = try context.input(1)
            guard member.sequence == nil else {
                throw context.failure(.wrongType, "inserts a tensor, not a sequence")
            }
            members.insert(member, at: place)
            return [context.sequence(members)]
        },
        OperatorEntry("SequenceErase", inputs: 1...2, takesSequences: true) { context in
            var members = try context.members()
            let place = try context.place(
                1, default: -1, memberCount: members.count, last: members.count - 1)
            members.remove(at: place)
            return [context.sequence(members)]
        },
        OperatorEntry("SequenceAt", inputs: 2...2, takesSequences: true) { context in
            let members = try context.members()
            let place = try context.place(
                1, default: 0, memberCount: members.count, last: members.count - 1)
            return [members[place]]
        },
        OperatorEntry("SequenceLength", inputs: 1...1, takesSequences: true) { context in
            if case .slices(let tensor) = try context.input(0).sequence {
                return [try context.reshape(context.sizesConstant([tensor.shape[0]]), [])]
            }
            return [context.constant(try context.members().count, .int64)]
        },
        OperatorEntry(
            "ConcatFromSequence", inputs: 1...1, attributes: ["axis", "new_axis"],
            takesSequences: true
        ) { [try $0.concatenated()] },
        OperatorEntry("SplitToSequence", inputs: 1...2, attributes: ["axis", "keepdims"]) {
            [try $0.splitToSequence()]
        },
    ]
}

extension OperatorContext {
    fileprivate func sequence(_ members: [ImportedValue]) -> ImportedValue {
        ImportedValue(.members(members), name: node.name)
    }

    /// The members of the first input.
    fileprivate func members() throws(ImportError) -> [ImportedValue] {
        switch try input(0).sequence {
        case .members(let members): return members
        case .slices(let tensor):
            var members: [ImportedValue] = []
            for index in 0..<(try length(tensor, axis: 0)) {
                members.append(try slice(tensor, axis: 0, .fixed(index), .fixed(index + 1)))
            }
            return members
        case nil: throw failure(.wrongType, "takes a sequence, not a tensor")
        }
    }

    /// A place in a sequence, counted from the front, from one that may be counted from the back.
    fileprivate func place(
        _ input: Int, default value: Int, memberCount: Int, last: Int
    ) throws(ImportError) -> Int {
        var place = value
        if let given = optional(input) {
            let numbers = try integers(given, "the place in the sequence")
            guard numbers.count == 1 else {
                throw failure(.wrongShape, "the place must be one number, is \(given.type)")
            }
            place = numbers[0]
        }
        guard place >= -memberCount, place <= last else {
            throw failure(
                .invalidAttribute, "place \(place) is outside a sequence of \(memberCount)")
        }
        return place < 0 ? place + memberCount : place
    }

    /// `ConcatFromSequence`: along an axis of the members, or along one of its own.
    fileprivate func concatenated() throws(ImportError) -> ImportedValue {
        let wanted = try requiredInt("axis")
        let isStacked = try flag("new_axis", default: false)
        if case .slices(let tensor) = try input(0).sequence, !isStacked,
            try axis(wanted, rank: tensor.rank) == 0
        {
            return tensor
        }
        var members = try members()
        guard let first = members.first else {
            throw failure(.unsupported, "the sequence has no member")
        }
        let axis = try axis(wanted, rank: first.rank + (isStacked ? 1 : 0))
        if isStacked {
            for index in members.indices {
                members[index] = try unsqueeze(members[index], axes: [axis])
            }
        }
        return try emit(.concat(axis: axis), members)
    }

    /// `SplitToSequence`: by given sizes, in parts of one size, or in slices of size 1.
    fileprivate func splitToSequence() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let axis = try axis(default: 0, rank: x.rank)
        let sizes = optional(1)
        let keepsAxis = try flag("keepdims", default: true) || sizes != nil
        if sizes == nil, keepsAxis, axis == 0 {
            return ImportedValue(.slices(x), name: node.name)
        }
        var members: [ImportedValue] = []
        var start = 0
        for size in try partSizes(x, axis: axis, sizes) {
            let part = try slice(x, axis: axis, .fixed(start), .fixed(start + size))
            members.append(keepsAxis ? part : try squeeze(part, axes: [axis]))
            start += size
        }
        return sequence(members)
    }

    private func partSizes(
        _ x: ImportedValue, axis: Int, _ given: ImportedValue?
    ) throws(ImportError) -> [Int] {
        guard let given else { return Array(repeating: 1, count: try length(x, axis: axis)) }
        let total = try fixedSize(x, axis: axis, "the size that is split")
        let sizes = try integers(given, "the split")
        if given.rank == 0, let size = sizes.first, size > 0,
            total / size < ImportLimits.sequenceLengthMax
        {
            return stride(from: 0, to: total, by: size).map { min(size, total - $0) }
        }
        var rest = total
        for size in sizes {
            let isFitting = size >= 0 && size <= rest
            rest = isFitting ? rest - size : -1
        }
        guard given.rank == 1, rest == 0 else {
            throw failure(.wrongShape, "the split \(sizes) does not fit a size of \(total)")
        }
        return sizes
    }

    /// The size of an axis, as the length of a sequence of its slices.
    private func length(_ x: ImportedValue, axis: Int) throws(ImportError) -> Int {
        let length = try fixedSize(x, axis: axis, "the length of the sequence")
        guard length <= ImportLimits.sequenceLengthMax else {
            throw failure(
                .limitExceeded,
                "a sequence of \(length) is longer than \(ImportLimits.sequenceLengthMax)",
                "export with operators that work on the stacked tensors")
        }
        return length
    }
}
