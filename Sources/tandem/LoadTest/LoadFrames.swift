import TandemClient
import TandemWire

/// Ready-made Predict frames, in which only id and deadline change.
///
/// The ids lie where their varint has five bytes, and the deadline is fixed64, so both are written
/// over in place and a request costs the generator one copy.
struct LoadFrames {
    /// Variants of each kind, so that not each request has the same values.
    private static let variantCount = 8
    private static let idBase: UInt64 = 1 << 28
    private static let deadlineMark: UInt64 = 0x7A7B_7C7D_7E7F_7071

    private struct Template {
        let bytes: [UInt8]
        let idOffset: Int
        let deadlineOffset: Int?
    }

    private let templates: [[Template]]

    /// Encodes frames of each kind, with random values that its model's description allows.
    ///
    /// - Parameters:
    ///   - mix: The kinds.
    ///   - models: Each kind's.
    ///   - hasDeadline: Whether requests have room for a deadline.
    ///   - random: Draws the values.
    /// - Throws: `WireError` for what no frame can hold.
    init(
        _ mix: LoadMix, _ models: [ModelDescription], hasDeadline: Bool,
        _ random: inout some RandomNumberGenerator
    ) throws {
        var templates: [[Template]] = []
        for (kind, model) in zip(mix.kinds, models) {
            var variants: [Template] = []
            for _ in 0..<Self.variantCount {
                let rows = Int.random(in: kind.rows, using: &random)
                variants.append(
                    try Self.template(
                        Self.message(model, rows, kind.priority, &random), hasDeadline))
            }
            templates.append(variants)
        }
        self.templates = templates
    }

    /// Puts a request of a kind at the end of some bytes.
    ///
    /// - Parameters:
    ///   - number: Tells the request from others; below 2^34.
    ///   - kind: Which kind.
    ///   - deadline: Nanoseconds of the monotonic clock; 0 for none.
    ///   - bytes: Where it goes.
    func append(_ number: UInt64, kind: Int, deadline: UInt64, to bytes: inout [UInt8]) {
        let variants = templates[kind]
        let template = variants[Int(number) % variants.count]
        let start = bytes.count
        bytes += template.bytes
        var id = Self.idBase + number
        for index in 0..<5 {
            bytes[start + template.idOffset + index] =
                UInt8(id & 0x7F) | (index < 4 ? 0x80 : 0)
            id >>= 7
        }
        guard let offset = template.deadlineOffset else { return }
        for index in 0..<8 {
            bytes[start + offset + index] = UInt8(truncatingIfNeeded: deadline >> (8 * index))
        }
    }

    /// The number of a request by its id.
    static func number(id: UInt64) -> UInt64 { id &- idBase }

    private static func template(
        _ message: PredictRequestMessage, _ hasDeadline: Bool
    ) throws -> Template {
        var message = message
        message.deadlineNanoseconds = hasDeadline ? deadlineMark : 0
        let arena = try ArenaAllocator()
        defer { withExtendedLifetime(arena) {} }
        let bytes = try RequestEncoder(arena: arena).predict(id: idBase, message).bytes
        // Behind the length prefix comes field 1, the id.
        let prefix = bytes.prefix { $0 & 0x80 != 0 }.count + 1
        let mark = (0..<8).map { UInt8(truncatingIfNeeded: deadlineMark >> (8 * $0)) }
        let offset = hasDeadline ? bytes.firstRange(of: mark)?.lowerBound : nil
        return Template(bytes: bytes, idOffset: prefix + 1, deadlineOffset: offset)
    }

    private static func message(
        _ model: ModelDescription, _ rows: Int, _ priority: Int32,
        _ random: inout some RandomNumberGenerator
    ) -> PredictRequestMessage {
        var message = PredictRequestMessage(model: model.name, rows: rows)
        message.priority = priority
        for feature in model.features {
            let isContext = feature.side == .context
            let column = column(feature, rows: isContext ? 1 : rows, &random)
            if isContext {
                message.context.append(column)
            } else {
                message.candidates.append(column)
            }
        }
        return message
    }

    private static func column(
        _ feature: ModelDescription.Feature, rows: Int,
        _ random: inout some RandomNumberGenerator
    ) -> ColumnMessage {
        var lengths: [UInt32]?
        var count = rows * feature.width
        // Words of a text are cut by the model: the text itself is one value.
        if feature.width == 0 {
            let most = UInt32(clamping: min(max(feature.listLengthMax, 1), 5))
            let drawn = (0..<rows).map { _ in UInt32.random(in: 0...most, using: &random) }
            lengths = drawn
            count = drawn.reduce(0) { $0 + Int($1) }
        }
        let limit = Int64(min(max(feature.vocabularySize, 2), 1_000))
        switch feature.type {
        case "int64":
            let values = (0..<count).map { _ in Int64.random(in: 0..<limit, using: &random) }
            return ColumnMessage(feature.name, .int64(values), listLengths: lengths)
        case "bytes":
            let texts = (0..<count).map { _ in
                Array("v\(Int64.random(in: 0..<limit, using: &random))".utf8)
            }
            return ColumnMessage(
                feature.name,
                .bytes(
                    blob: texts.flatMap { $0 }, lengths: texts.map { UInt32($0.count) }),
                listLengths: lengths)
        default:
            let values = (0..<count).map { _ in Float.random(in: 0..<1, using: &random) }
            return ColumnMessage(feature.name, .float32(values), listLengths: lengths)
        }
    }
}
