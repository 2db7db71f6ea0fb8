import TandemFeatures

/// A raw column that owns its memory, for tests to make and lend.
struct OwnedColumn {
    enum Values {
        case float32([Float])
        case int64([Int64])
        case int32([Int32])
        case text(blob: [UInt8], byteCounts: [UInt32])
    }

    var values: Values
    var listCounts: [UInt32]?
    var presence: [UInt8]?

    init(_ values: Values, listCounts: [UInt32]? = nil, presence: [UInt8]? = nil) {
        self.values = values
        self.listCounts = listCounts
        self.presence = presence
    }

    /// Numbers; nil is a missing one, written as NaN.
    static func numbers(_ numbers: [Float?]) -> OwnedColumn {
        OwnedColumn(
            .float32(numbers.map { $0 ?? .nan }), presence: bits(numbers.map { $0 != nil }))
    }

    /// Whole numbers; nil is a missing one.
    static func integers(_ integers: [Int64?]) -> OwnedColumn {
        OwnedColumn(.int64(integers.map { $0 ?? -7 }), presence: bits(integers.map { $0 != nil }))
    }

    /// Texts; nil is a missing one.
    static func texts(_ texts: [String?]) -> OwnedColumn {
        var column = flat(texts.map { $0 ?? "" })
        column.presence = bits(texts.map { $0 != nil })
        return column
    }

    /// Lists of texts; nil is a missing one.
    static func textLists(_ lists: [[String]?]) -> OwnedColumn {
        var column = flat(lists.flatMap { $0 ?? [] })
        column.listCounts = lists.map { UInt32($0?.count ?? 0) }
        column.presence = bits(lists.map { $0 != nil })
        return column
    }

    /// Lists of whole numbers; nil is a missing one.
    static func integerLists(_ lists: [[Int64]?]) -> OwnedColumn {
        OwnedColumn(
            .int64(lists.flatMap { $0 ?? [] }), listCounts: lists.map { UInt32($0?.count ?? 0) },
            presence: bits(lists.map { $0 != nil }))
    }

    /// One bit a row; nil if all are set.
    static func bits(_ flags: [Bool]) -> [UInt8]? {
        if flags.allSatisfy({ $0 }) { return nil }
        var bits = [UInt8](repeating: 0, count: (flags.count + 7) / 8)
        for (row, flag) in flags.enumerated() where flag { bits[row / 8] |= 1 << UInt8(row % 8) }
        return bits
    }

    private static func flat(_ texts: [String]) -> OwnedColumn {
        OwnedColumn(
            .text(
                blob: texts.flatMap { Array($0.utf8) },
                byteCounts: texts.map { UInt32($0.utf8.count) }))
    }

    /// Lends the column.
    ///
    /// `throws` and not `rethrows`: swiftc 6.3.1 loses the error of a closure that is rethrown
    /// through the text branch below, and then crashes.
    func withRaw<Result>(_ body: (RawColumn) throws -> Result) throws -> Result {
        try withValues { values in
            try (listCounts ?? []).withUnsafeBufferPointer { counts in
                try (presence ?? []).withUnsafeBytes { bits in
                    try body(
                        RawColumn(
                            values: values, listCounts: listCounts == nil ? nil : counts,
                            presence: presence == nil ? nil : bits))
                }
            }
        }
    }

    private func withValues<Result>(
        _ body: (RawColumn.Values) throws -> Result
    ) throws -> Result {
        switch values {
        case .float32(let values):
            try values.withUnsafeBufferPointer { try body(.float32($0)) }
        case .int64(let values): try values.withUnsafeBufferPointer { try body(.int64($0)) }
        case .int32(let values): try values.withUnsafeBufferPointer { try body(.int32($0)) }
        case .text(let blob, let byteCounts):
            try blob.withUnsafeBytes { blob in
                try byteCounts.withUnsafeBufferPointer {
                    try body(.text(blob, byteCounts: $0))
                }
            }
        }
    }
}
