package import TandemNotation

/// One table of a spec, read strictly.
typealias SpecTable = KeyTable<TrainingError>

extension TrainingError: NotationFailure {
    /// The same error as one of a spec.
    package init(_ error: NotationError) {
        let code: Code =
            switch error.code {
            case .unknownKey: .unknownKey
            case .missingKey: .missingKey
            case .wrongValue: .wrongValue
            default: .invalidSpec
            }
        self.init(code, error.problem, remedy: error.remedy)
        key = error.key
        line = error.line
        text = error.text
        limit = error.limit
        actual = error.actual
    }
}

extension KeyTable<TrainingError> {
    /// An error that only training knows, at a key of this table or at the table itself.
    func error(
        _ code: TrainingError.Code, _ key: String?, _ problem: String, remedy: String = ""
    ) -> TrainingError {
        let full = name(key)
        return TrainingError(code, problem, remedy: remedy)
            .with(\.key, full.isEmpty ? nil : full).with(\.line, line(key))
    }
}
