internal import TandemFeatures
import TandemNotation
package import TandemRequest
package import TandemWire

/// Which models there are, at one moment; immutable.
///
/// The registry makes another for each change and the loops pick it up between requests, so a
/// request sees one table from begin to end, and finding its model takes no lock.
package final class ModelTable: Sendable {
    /// One model and its versions.
    package struct Model: Sendable {
        /// The model's name.
        package let name: String
        /// Versions that answer, ascending; requests without version go to the last.
        package let loaded: [LoadedModel]
        /// All versions that the repository has, ascending.
        package let states: [ModelVersionState]
        /// Names for versions, by name.
        package let labels: [VersionLabel]
        private let labelNames: Vocabulary?

        /// Makes an entry; labels differ.
        package init(
            name: String, loaded: [LoadedModel], states: [ModelVersionState],
            labels: [VersionLabel] = []
        ) {
            self.name = name
            self.loaded = loaded
            self.states = states
            self.labels = labels
            labelNames = Vocabulary(values: labels.map { Array($0.label.utf8) })
        }

        /// The version that requests without version go to.
        package var current: LoadedModel? { loaded.isEmpty ? nil : loaded[loaded.count - 1] }

        /// The version that a label names, or nil.
        func version(labelled label: TextView) -> UInt64? {
            labelNames?.position(of: label.bytes).map { labels[$0].version }
        }
    }

    /// Counts the tables.
    package let generation: Int
    /// Whether the repository was looked at.
    package let isComplete: Bool
    /// By name.
    package let models: [Model]
    private let names: Vocabulary?

    /// Makes a table of models with different names.
    package init(generation: Int, isComplete: Bool, models: [Model]) {
        self.generation = generation
        self.isComplete = isComplete
        self.models = models
        names = Vocabulary(values: models.map { Array($0.name.utf8) })
    }

    /// The version of a model that a request asks for.
    ///
    /// - Throws: `modelUnknown`, `versionUnknown`, `labelUnknown`, `modelNotReady` or `modelFailed`.
    /// - Complexity: O(versions). Allocates nothing unless it throws.
    package func find(
        _ name: TextView, _ version: VersionChoice<TextView>
    ) throws(RequestError) -> LoadedModel {
        let model = try find(name)
        switch version {
        case .current:
            if let current = model.current { return current }
            throw Self.notReady(model, model.states.last)
        case .version(let number): return try find(model, number)
        case .label(let label):
            guard let number = model.version(labelled: label) else {
                let known = NearestName.remedy(label.string, among: model.labels.map(\.label))
                throw RequestError(
                    .labelUnknown,
                    "model '\(model.name)' has no label '\(label.string)'; "
                        + (known.isEmpty ? "set one with `tandem label`" : known),
                    model: model.name, given: label.string)
            }
            return try find(model, number)
        }
    }

    private func find(_ model: Model, _ number: UInt64) throws(RequestError) -> LoadedModel {
        for loaded in model.loaded where loaded.model.version == number { return loaded }
        throw missing(model, version: number)
    }

    /// A model by name.
    package func find(_ name: TextView) throws(RequestError) -> Model {
        if let index = names?.position(of: name.bytes) { return models[index] }
        let text = name.string
        if !isComplete {
            var error = RequestError(
                .modelNotReady, "the repository is still being read; try again shortly",
                model: text)
            error.retryAfterNanoseconds = Self.retryNanoseconds
            throw error
        }
        throw RequestError(
            .modelUnknown,
            "there is no model '\(text)'; \(NearestName.remedy(text, among: models.map(\.name)))",
            model: text)
    }

    private static let retryNanoseconds: UInt64 = 200_000_000

    private func missing(_ model: Model, version: UInt64) -> RequestError {
        if let state = model.states.first(where: { $0.version == version }) {
            return Self.notReady(model, state)
        }
        let numbers = model.states.map { String($0.version) }.joined(separator: ", ")
        return RequestError(
            .versionUnknown,
            "model '\(model.name)' has no version \(version); there are \(numbers)",
            model: model.name, actual: Int(clamping: version))
    }

    private static func notReady(_ model: Model, _ state: ModelVersionState?) -> RequestError {
        guard let state else {
            return RequestError(
                .modelNotReady, "model '\(model.name)' has no version; publish one",
                model: model.name)
        }
        let place = "version \(state.version) of model '\(model.name)'"
        if state.state == .failed {
            return RequestError(
                .modelFailed, "\(place) could not be loaded: \(state.reason)", model: model.name,
                actual: Int(clamping: state.version))
        }
        var error = RequestError(
            .modelNotReady,
            state.state == .loading
                ? "\(place) is being loaded; try again shortly"
                : "\(place) is not loaded"
                    + (state.reason.isEmpty ? "" : " (\(state.reason))")
                    + "; load it with `tandem load`",
            model: model.name, actual: Int(clamping: state.version))
        if state.state == .loading { error.retryAfterNanoseconds = retryNanoseconds }
        return error
    }
}
