import TandemWire

/// One candidate feature's raw values for all candidates.
///
/// Made by the factory that fits the feature's type, as the model's description tells. Missing
/// values are nil, or NaN among numbers.
public struct FeatureColumn: Sendable {
    /// The number of candidates it has values for.
    public let rows: Int
    let values: ColumnMessage.Values
    let listLengths: [UInt32]?
    let presence: [UInt8]?

    private init(
        rows: Int, _ values: ColumnMessage.Values, listLengths: [UInt32]? = nil,
        presence: [UInt8]? = nil
    ) {
        self.rows = rows
        self.values = values
        self.listLengths = listLengths
        self.presence = presence
    }

    // MARK: One value a candidate

    /// Numbers; NaN is a missing one.
    public static func numbers(_ values: [Float]) -> FeatureColumn {
        FeatureColumn(
            rows: values.count, .float32(values),
            presence: presence(values.count) { !values[$0].isNaN })
    }

    /// Whole numbers, such as ids.
    public static func integers(_ values: [Int64]) -> FeatureColumn {
        FeatureColumn(rows: values.count, .int64(values))
    }

    /// Whole numbers, some of which may be missing.
    public static func integers(_ values: [Int64?]) -> FeatureColumn {
        FeatureColumn(
            rows: values.count, .int64(values.map { $0 ?? 0 }),
            presence: presence(values.count) { values[$0] != nil })
    }

    /// Whole numbers of 32 bits, for features of type `int64`: half the bytes.
    public static func integers32(_ values: [Int32]) -> FeatureColumn {
        FeatureColumn(rows: values.count, .int32(values))
    }

    /// Texts.
    public static func texts(_ values: [String]) -> FeatureColumn {
        FeatureColumn(rows: values.count, joined(values.map(\.utf8)))
    }

    /// Texts, some of which may be missing.
    public static func texts(_ values: [String?]) -> FeatureColumn {
        FeatureColumn(
            rows: values.count, joined(values.map { ($0 ?? "").utf8 }),
            presence: presence(values.count) { values[$0] != nil })
    }

    /// Byte strings that need not be text.
    public static func bytes(_ values: [[UInt8]]) -> FeatureColumn {
        FeatureColumn(rows: values.count, joined(values))
    }

    // MARK: Several values a candidate

    /// Numbers of a feature of fixed width, candidate by candidate.
    ///
    /// A candidate whose numbers are all NaN is missing.
    ///
    /// - Parameters:
    ///   - values: `rows * width` numbers.
    ///   - width: Numbers per candidate; at least 1.
    /// - Precondition: The number of values is a multiple of the width.
    /// - Returns: The column.
    public static func vectors(_ values: [Float], width: Int) -> FeatureColumn {
        precondition(width >= 1, "a vector has at least one number")
        precondition(values.count.isMultiple(of: width), "the last vector is not whole")
        let rows = values.count / width
        return FeatureColumn(
            rows: rows, .float32(values),
            presence: presence(rows) { row in
                values[(row * width)..<((row + 1) * width)].contains { !$0.isNaN }
            })
    }

    /// Lists of numbers; nil is a missing one.
    public static func numberLists(_ lists: [[Float]?]) -> FeatureColumn {
        list(lists, .float32(lists.flatMap { $0 ?? [] }))
    }

    /// Lists of whole numbers; nil is a missing one.
    public static func integerLists(_ lists: [[Int64]?]) -> FeatureColumn {
        list(lists, .int64(lists.flatMap { $0 ?? [] }))
    }

    /// Lists of texts; nil is a missing one.
    public static func textLists(_ lists: [[String]?]) -> FeatureColumn {
        list(lists, joined(lists.flatMap { ($0 ?? []).map(\.utf8) }))
    }

    // MARK: Parts

    private static func list<Element>(
        _ lists: [[Element]?], _ values: ColumnMessage.Values
    ) -> FeatureColumn {
        FeatureColumn(
            rows: lists.count, values,
            listLengths: lists.map { UInt32(clamping: $0?.count ?? 0) },
            presence: presence(lists.count) { lists[$0] != nil })
    }

    /// Byte strings end to end.
    private static func joined(_ values: [some Collection<UInt8>]) -> ColumnMessage.Values {
        var blob: [UInt8] = []
        blob.reserveCapacity(values.reduce(0) { $0 + $1.count })
        for value in values { blob.append(contentsOf: value) }
        return .bytes(blob: blob, lengths: values.map { UInt32(clamping: $0.count) })
    }

    /// One bit a row, least significant first; nil where none is missing.
    private static func presence(_ rows: Int, _ isPresent: (Int) -> Bool) -> [UInt8]? {
        guard let first = (0..<rows).first(where: { !isPresent($0) }) else { return nil }
        var bits = [UInt8](repeating: 0, count: (rows + 7) / 8)
        for row in 0..<rows where row < first || isPresent(row) {
            bits[row / 8] |= 1 << UInt8(row % 8)
        }
        return bits
    }

    /// The column under its feature's name, as it travels.
    func message(_ name: String) -> ColumnMessage {
        ColumnMessage(name, values, listLengths: listLengths, presence: presence)
    }
}
