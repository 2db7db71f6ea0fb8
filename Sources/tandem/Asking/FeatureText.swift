import TandemClient
import TandemFeatures
import TandemNotation
import TandemTraining

/// Turns texts of files and arguments into the values of a served model's features.
enum FeatureText {
    /// How a column of a file is read for a feature.
    static func reading(
        of feature: ModelDescription.Feature, separator: UInt8
    ) -> ColumnReading {
        let isList = feature.width == 0
        switch feature.type {
        case "float32": return .float32
        case "int64": return isList ? .int64List(separator: separator) : .int64
        default: return isList ? .textList(separator: separator) : .text
        }
    }

    /// The features that `--context` sets, from arguments of the form `name=value`.
    ///
    /// - Throws: `Failure` naming the argument.
    static func context(
        _ arguments: [String], model: ModelDescription, separator: Character
    ) throws(Failure) -> [String: FeatureValue] {
        var values: [String: FeatureValue] = [:]
        for argument in arguments {
            guard let equals = argument.firstIndex(of: "=") else {
                throw Failure(.usage, "--context '\(argument)': write name=value")
            }
            let name = String(argument[..<equals])
            let text = String(argument[argument.index(after: equals)...])
            guard let feature = model.features.first(where: { $0.name == name }) else {
                let remedy = NearestName.remedy(
                    name, among: model.features.filter { $0.side == .context }.map(\.name))
                throw Failure(.usage, "--context '\(name)': no such feature; \(remedy)")
            }
            guard feature.side == .context else {
                throw Failure(
                    .usage, "--context '\(name)': this feature belongs to the candidates' file")
            }
            guard values[name] == nil else {
                throw Failure(.usage, "--context '\(name)': is given twice")
            }
            values[name] = try value(text, of: feature, separator: separator)
        }
        return values
    }

    private static func value(
        _ text: String, of feature: ModelDescription.Feature, separator: Character
    ) throws(Failure) -> FeatureValue {
        if text.isEmpty { return .missing }
        let parts = text.split(separator: separator).map(String.init)
        switch reading(of: feature, separator: 0) {
        case .float32, .float64, .looseNumber:
            guard let number = Float(text), number.isFinite else {
                throw notA("number", text, feature)
            }
            return .number(number)
        case .int64:
            guard let number = Int64(text) else { throw notA("whole number", text, feature) }
            return .integer(number)
        case .int64List:
            let numbers = parts.compactMap { Int64($0) }
            guard numbers.count == parts.count else {
                throw notA("list of whole numbers", text, feature)
            }
            return .integers(numbers)
        case .text: return .text(text)
        case .textList: return .texts(parts)
        }
    }

    private static func notA(
        _ kind: String, _ text: String, _ feature: ModelDescription.Feature
    ) -> Failure {
        Failure(.usage, "--context \(feature.name): '\(text)' is not a \(kind)")
    }
}
