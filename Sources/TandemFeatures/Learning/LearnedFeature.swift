/// A declared feature with what was learnt of it.
package struct LearnedFeature: Hashable, Sendable {
    /// What the author said.
    package var declaration: FeatureDeclaration
    /// How raw values become numbers or ids.
    package var encoding: FeatureEncoding
    /// Whether the model gets a column that says which numbers were missing.
    package var hasMissingColumn: Bool
    /// What the training rows were like.
    package var statistics: LearningStatistics

    /// Makes a learnt feature, for those that need no learning.
    package init(
        declaration: FeatureDeclaration, encoding: FeatureEncoding,
        hasMissingColumn: Bool = false, statistics: LearningStatistics = LearningStatistics()
    ) {
        self.declaration = declaration
        self.encoding = encoding
        self.hasMissingColumn = hasMissingColumn
        self.statistics = statistics
    }
}

/// What a feature's training rows were like; for people and for checks of later data.
package struct LearningStatistics: Hashable, Sendable {
    /// Rows looked at.
    package var rows = 0
    /// Rows without a value.
    package var missingRows = 0
    /// Values of the other rows.
    package var values = 0
    /// Mean of the raw numbers.
    package var mean: Double?
    /// Deviation of the raw numbers, over their count.
    package var deviation: Double?
    /// The smallest raw number.
    package var minimum: Double?
    /// The largest raw number.
    package var maximum: Double?
    /// Different values, of a vocabulary.
    package var distinctValues: Int?
    /// Values that the vocabulary did not take in, counted as often as they stand in the rows.
    package var unknownValues: Int?

    /// Nothing seen.
    package init() {}
}
