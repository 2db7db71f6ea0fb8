/// One raw value of a context feature.
///
/// Its case must be of the feature's type, as the model's description tells: a feature of type
/// `float32` takes `number` and `vector`, `int64` takes `integer`, `text` takes `text` and `bytes`.
public enum FeatureValue: Hashable, Sendable {
    /// A number; NaN is a missing one.
    case number(Float)
    /// A whole number, such as an id.
    case integer(Int64)
    /// Text.
    case text(String)
    /// Bytes that need not be text.
    case bytes([UInt8])
    /// The numbers of a feature of fixed width.
    case vector([Float])
    /// A list of numbers.
    case numbers([Float])
    /// A list of whole numbers.
    case integers([Int64])
    /// A list of texts.
    case texts([String])
    /// No value; the same as leaving the feature out.
    case missing
}

extension FeatureValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral
{
    /// A number.
    public init(floatLiteral value: Float) { self = .number(value) }

    /// A whole number; write `33.0` for a feature of type `float32`.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
}

extension FeatureValue {
    /// The value as a column of one row; nil for a missing one.
    var column: FeatureColumn? {
        switch self {
        case .number(let number): number.isNaN ? nil : .numbers([number])
        case .integer(let integer): .integers([integer])
        case .text(let text): .texts([text])
        case .bytes(let bytes): .bytes([bytes])
        case .vector(let numbers): .vectors(numbers, width: numbers.count)
        case .numbers(let numbers): .numberLists([numbers])
        case .integers(let integers): .integerLists([integers])
        case .texts(let texts): .textLists([texts])
        case .missing: nil
        }
    }
}
