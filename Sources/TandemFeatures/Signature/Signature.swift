/// What a model takes and answers: the contract between a package and its callers.
///
/// Learnt by the trainer (or declared at import), stored in the package, applied by the server and
/// by the command line alike, so that training and serving cannot see different features.
package struct Signature: Hashable, Sendable {
    /// The features, with how each becomes a graph input.
    ///
    /// Names are unique.
    package var features: [Feature]
    /// The tasks, in the order of the graph's outputs and under their names.
    package var tasks: [Task]
    /// Named ranking formulas over the tasks, such as `value = click * purchase`.
    package var formulas: [RankingFormula]

    /// Makes a signature; `validate(against:)` checks it.
    package init(features: [Feature], tasks: [Task], formulas: [RankingFormula] = []) {
        self.features = features
        self.tasks = tasks
        self.formulas = formulas
    }
}

/// A ranking formula that ships with a model, so that callers can ask for it by name.
package struct RankingFormula: Hashable, Sendable {
    /// The formula's name.
    package var name: String
    /// The formula in the ranking language, over task names.
    package var expression: String

    /// Makes a formula.
    package init(name: String, expression: String) {
        self.name = name
        self.expression = expression
    }
}
