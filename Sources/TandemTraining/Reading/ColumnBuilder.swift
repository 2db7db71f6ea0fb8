// One class for each storage, because changing an array within an enum's payload copies it.

/// Gathers one column, a field at a time.
class ColumnBuilder {
    fileprivate(set) var presence = Presence()

    /// Takes the next row's field; returns why it cannot be one of this column, if it cannot.
    func append(_ field: UnsafeRawBufferPointer, isMissing: Bool) -> FieldProblem? {
        preconditionFailure("each storage has its own builder")
    }

    /// The column so far, in memory of just its size; leaves the builder empty.
    func take() -> Column { preconditionFailure("each storage has its own builder") }

    /// The builder for a reading.
    static func make(_ reading: ColumnReading, markers: MissingMarkers) -> ColumnBuilder {
        switch reading {
        case .float32: FloatBuilder()
        case .float64: DoubleBuilder(isLoose: false)
        case .looseNumber: DoubleBuilder(isLoose: true)
        case .int64: IntegerBuilder()
        case .text: TextBuilder()
        case .int64List(let separator): IntegerListBuilder(separator, markers)
        case .textList(let separator): TextListBuilder(separator, markers)
        }
    }
}

/// Why a field cannot be taken.
enum FieldProblem {
    case notANumber
    case notWhole
    case outOfRange
    case dictionaryFull
    case tooManyElements
}

/// The texts that stand for "no value", besides the empty one.
struct MissingMarkers: Sendable {
    private let markers: [[UInt8]]

    init(_ texts: [String]) { markers = texts.map { Array($0.utf8) } }

    /// Whether the bytes, blanks around them aside, are empty or one of the markers.
    func contains(_ field: UnsafeRawBufferPointer) -> Bool {
        let text = field.withoutBlanks
        if text.isEmpty { return true }
        for marker in markers where marker.count == text.count {
            if marker.elementsEqual(text) { return true }
        }
        return false
    }
}

private final class FloatBuilder: ColumnBuilder {
    private var values: [Float] = []

    override func append(_ field: UnsafeRawBufferPointer, isMissing: Bool) -> FieldProblem? {
        var value: Float = 0
        if !isMissing {
            guard let number = NumberText.double(field) else { return .notANumber }
            value = Float(number)
            guard value.isFinite else { return .outOfRange }
        }
        values.append(value)
        presence.append(!isMissing)
        return nil
    }

    override func take() -> Column {
        defer { values = [] }
        return .float32(exactCopy(values), presence)
    }
}

private final class DoubleBuilder: ColumnBuilder {
    private var values: [Double] = []
    private let isLoose: Bool

    init(isLoose: Bool) { self.isLoose = isLoose }

    override func append(_ field: UnsafeRawBufferPointer, isMissing: Bool) -> FieldProblem? {
        let value = isMissing ? nil : NumberText.double(field)
        guard value != nil || isMissing || isLoose else { return .notANumber }
        values.append(value ?? 0)
        presence.append(value != nil)
        return nil
    }

    override func take() -> Column {
        defer { values = [] }
        return .float64(exactCopy(values), presence)
    }
}

private final class IntegerBuilder: ColumnBuilder {
    private var values: [Int64] = []

    override func append(_ field: UnsafeRawBufferPointer, isMissing: Bool) -> FieldProblem? {
        let value = isMissing ? 0 : NumberText.int64(field)
        guard let value else { return .notWhole }
        values.append(value)
        presence.append(!isMissing)
        return nil
    }

    override func take() -> Column {
        defer { values = [] }
        return .int64(exactCopy(values), presence)
    }
}

private final class TextBuilder: ColumnBuilder {
    private var codes: [UInt32] = []
    private var dictionary = TextDictionary()

    override func append(_ field: UnsafeRawBufferPointer, isMissing: Bool) -> FieldProblem? {
        let code = isMissing ? 0 : dictionary.code(of: field)
        guard let code else { return .dictionaryFull }
        codes.append(code)
        presence.append(!isMissing)
        return nil
    }

    override func take() -> Column {
        dictionary.compact()
        defer { codes = [] }
        return .text(
            TextColumn(codes: exactCopy(codes), dictionary: dictionary, presence: presence))
    }
}

/// The bounds of lists, and the cutting of a field into elements.
private class ListBuilder: ColumnBuilder {
    var starts: [UInt32] = [0]
    private let separator: UInt8
    private let markers: MissingMarkers

    init(_ separator: UInt8, _ markers: MissingMarkers) {
        self.separator = separator
        self.markers = markers
    }

    final override func append(_ field: UnsafeRawBufferPointer, isMissing: Bool) -> FieldProblem? {
        if !isMissing {
            for element in field.split(separator: separator) {
                let bytes = UnsafeRawBufferPointer(rebasing: element).withoutBlanks
                if markers.contains(bytes) { continue }
                if let problem = add(bytes) { return problem }
            }
        }
        guard elementCount <= UInt32.max else { return .tooManyElements }
        starts.append(UInt32(elementCount))
        presence.append(!isMissing)
        return nil
    }

    /// Elements of all rows so far.
    var elementCount: Int { 0 }

    /// Takes one element.
    func add(_ element: UnsafeRawBufferPointer) -> FieldProblem? { nil }

    final var bounds: ListBounds { ListBounds(starts: exactCopy(starts), presence: presence) }
}

private final class IntegerListBuilder: ListBuilder {
    private var values: [Int64] = []

    override var elementCount: Int { values.count }

    override func add(_ element: UnsafeRawBufferPointer) -> FieldProblem? {
        guard let value = NumberText.int64(element) else { return .notWhole }
        values.append(value)
        return nil
    }

    override func take() -> Column {
        defer { values = [] }
        return .int64List(exactCopy(values), bounds)
    }
}

private final class TextListBuilder: ListBuilder {
    private var codes: [UInt32] = []
    private var dictionary = TextDictionary()

    override var elementCount: Int { codes.count }

    override func add(_ element: UnsafeRawBufferPointer) -> FieldProblem? {
        guard let code = dictionary.code(of: element) else { return .dictionaryFull }
        codes.append(code)
        return nil
    }

    override func take() -> Column {
        dictionary.compact()
        defer { codes = [] }
        let texts = TextColumn(
            codes: exactCopy(codes), dictionary: dictionary,
            presence: Presence(allPresent: codes.count))
        return .textList(texts, bounds)
    }
}
