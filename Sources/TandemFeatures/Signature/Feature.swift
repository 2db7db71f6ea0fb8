package import TandemGraph

/// The type of a raw value as a caller has it.
///
/// Raw values are stored in packages.
package enum RawType: UInt8, CaseIterable, Sendable {
    /// A number. Whole numbers are taken for it too.
    case float32 = 1
    /// A whole number, such as an id. 32-bit ones are taken for it too.
    case int64 = 2
    /// Text or bytes; UTF-8 is not required of ids.
    case text = 3

    /// The name in specs, packages and messages.
    package var name: String {
        switch self {
        case .float32: "float32"
        case .int64: "int64"
        case .text: "text"
        }
    }
}

/// One raw feature and how it is encoded into a graph input.
package struct Feature: Hashable, Sendable {
    /// Unique in the signature; what callers write.
    ///
    /// Any UTF-8 without control characters.
    package var name: String
    /// Which row axis it lives on: `context` or `candidate`.
    package var side: RowAxis
    /// The type of its raw values.
    package var rawType: RawType
    /// Numbers a row; above 1 for a vector, such as a precomputed embedding, with number encoding.
    package var width: Int
    /// For a list feature, the most elements that are used; longer lists keep their first ones.
    ///
    /// Nil for a feature with `width` values a row.
    package var listLengthMax: Int?
    /// Whether a missing value is refused; otherwise the encoding says what stands for it.
    package var isRequired: Bool
    /// How a raw value becomes numbers.
    package var encoding: FeatureEncoding
    /// Where the numbers go.
    package var slot: FeatureSlot

    /// Makes a feature.
    package init(
        name: String, side: RowAxis, rawType: RawType, width: Int = 1, listLengthMax: Int? = nil,
        isRequired: Bool = false, encoding: FeatureEncoding, slot: FeatureSlot
    ) {
        self.name = name
        self.side = side
        self.rawType = rawType
        self.width = width
        self.listLengthMax = listLengthMax
        self.isRequired = isRequired
        self.encoding = encoding
        self.slot = slot
    }

    /// Columns of the graph input that it takes, its `missingColumn` not counted: one an id, one a
    /// number, `listLengthMax` a list.
    package var columnCount: Int { listLengthMax ?? width }
}

/// Where an encoded feature lies in the graph's inputs.
///
/// An input's columns are the elements of its row, row-major: an input of shape `[]` has one,
/// `[width]` has `width`. Several features may share an input, as numbers do.
package struct FeatureSlot: Hashable, Sendable {
    /// The graph input: f32 for numbers, i32 for an id or a list of ids.
    package var input: String
    /// The first column within the input's row.
    package var column: Int
    /// For a number that keeps a "was missing" column of its own: that column (1 if missing).
    package var missingColumn: Int?
    /// For a list: the graph input i32 `[]` that takes its length.
    package var lengthInput: String?
    /// For tokens: the graph input i32 `[listLengthMax]` that takes 1 for each token and 0 for what
    /// fills the row.
    package var maskInput: String?
    /// For tokens: the graph input i32 `[listLengthMax]` that takes the segment of each: 0.
    package var segmentInput: String?

    /// Makes a slot.
    package init(
        input: String, column: Int = 0, missingColumn: Int? = nil, lengthInput: String? = nil,
        maskInput: String? = nil, segmentInput: String? = nil
    ) {
        self.input = input
        self.column = column
        self.missingColumn = missingColumn
        self.lengthInput = lengthInput
        self.maskInput = maskInput
        self.segmentInput = segmentInput
    }

    /// The same places in a graph whose inputs have other names.
    package func renamed(_ name: (String) -> String) -> FeatureSlot {
        var slot = self
        slot.input = name(input)
        slot.lengthInput = lengthInput.map(name)
        slot.maskInput = maskInput.map(name)
        slot.segmentInput = segmentInput.map(name)
        return slot
    }
}
