/// What a model's graph receives from the features: the joint between signature and architecture.
package struct ModelInputs: Hashable, Sendable {
    /// The graph input of a side's numbers; f32 `[width]`.
    package static let contextDense = "context.dense"
    /// The graph input of the candidates' numbers; f32 `[width]`.
    package static let candidateDense = "candidate.dense"

    /// Numbers a request brings once; 0 if none.
    package var contextDenseWidth: Int
    /// Numbers each candidate brings; 0 if none.
    package var candidateDenseWidth: Int
    /// The features that are looked up in embedding tables.
    package var embeddings: [EmbeddedFeature]

    /// Makes a description.
    package init(
        contextDenseWidth: Int, candidateDenseWidth: Int, embeddings: [EmbeddedFeature]
    ) {
        self.contextDenseWidth = contextDenseWidth
        self.candidateDenseWidth = candidateDenseWidth
        self.embeddings = embeddings
    }
}

/// A feature whose ids are looked up in a table.
package struct EmbeddedFeature: Hashable, Sendable {
    /// The graph input of its ids: i32 `[]`, or i32 `[listLengthMax]` for a list.
    package var input: String
    /// The graph input of a list's length, i32 `[]`; nil for one id a row.
    package var lengthInput: String?
    /// `context` or `candidate`.
    package var side: RowAxis
    /// Rows of the table.
    package var idCount: Int
    /// Width of the table.
    package var dimension: Int
    /// The list's padded length, nil for one id a row.
    package var listLengthMax: Int?
    /// How a list becomes one vector; the mean of its embeddings if nothing else is said.
    package var reading: SequenceReading

    /// Makes a description.
    package init(
        input: String, side: RowAxis, idCount: Int, dimension: Int, listLengthMax: Int? = nil,
        lengthInput: String? = nil, reading: SequenceReading = .pool(.mean)
    ) {
        self.input = input
        self.side = side
        self.idCount = idCount
        self.dimension = dimension
        self.listLengthMax = listLengthMax
        self.lengthInput = lengthInput
        self.reading = reading
    }
}
