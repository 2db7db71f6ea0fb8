internal import CProtobufC
internal import CTandemProto

// The generated names, said once.

typealias ManifestMessage = Tandem__Package__V1__Manifest
typealias SignatureMessage = Tandem__Package__V1__Signature
typealias FeatureMessage = Tandem__Package__V1__Feature
typealias SlotMessage = Tandem__Package__V1__Slot
typealias NumberMessage = Tandem__Package__V1__NumberEncoding
typealias TransformMessage = Tandem__Package__V1__NumberTransform
typealias BucketMessage = Tandem__Package__V1__BucketEncoding
typealias VocabularyMessage = Tandem__Package__V1__VocabularyEncoding
typealias HashMessage = Tandem__Package__V1__HashEncoding
typealias TokenMessage = Tandem__Package__V1__TokenEncoding
typealias WordPieceMessage = Tandem__Package__V1__WordPieceModel
typealias BytePairMessage = Tandem__Package__V1__BytePairModel
typealias AddedTokenMessage = Tandem__Package__V1__AddedToken
typealias TaskMessage = Tandem__Package__V1__Task
typealias FormulaMessage = Tandem__Package__V1__Formula
typealias ProgramMessage = Tandem__Package__V1__Program
typealias GraphMessage = Tandem__Package__V1__Graph
typealias GraphInputMessage = Tandem__Package__V1__GraphInput
typealias DimensionMessage = Tandem__Package__V1__Dimension
typealias GraphParameterMessage = Tandem__Package__V1__GraphParameter
typealias NodeMessage = Tandem__Package__V1__Node
typealias AttributeMessage = Tandem__Package__V1__Attribute
typealias TensorMessage = Tandem__Package__V1__Tensor
typealias SegmentMessage = Tandem__Package__V1__Segment
typealias ShardMessage = Tandem__Package__V1__Shard
typealias QualityMessage = Tandem__Package__V1__QualityFigure
typealias ChoiceMessage = Tandem__Package__V1__OperationChoice
typealias GoldenMessage = Tandem__Package__V1__GoldenVector
typealias GoldenOutputMessage = Tandem__Package__V1__GoldenOutput
typealias GoldenTensorMessage = Tandem__Package__V1__GoldenTensor
typealias ProvenanceMessage = Tandem__Package__V1__ProvenanceEntry

// Reading fields of a message whose every value is hostile: counts are held against limits, text
// against UTF-8, pointers against null, all before anything is copied.

/// A repeated message field: its count and pointer.
typealias MessageList<Message> = UnsafeMutablePointer<UnsafeMutablePointer<Message>?>

extension ProtobufCBinaryData {
    /// The field's bytes; valid as long as the message.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data, count: len) }

    /// The field as text of `byteCounts` bytes of UTF-8 without NUL.
    func text(_ what: String, _ byteCounts: ClosedRange<Int>) throws(PackageError) -> String {
        guard byteCounts.contains(len) else {
            throw PackageError(
                .invalidName,
                "\(what) has \(len) bytes, "
                    + "allowed are \(byteCounts.lowerBound) to \(byteCounts.upperBound)",
                expected: UInt64(byteCounts.upperBound), actual: UInt64(len))
        }
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw PackageError(.invalidName, "\(what) is not UTF-8 text without NUL")
        }
        return text
    }
}

/// Refuses a count over its limit.
func checkCount(_ count: Int, _ what: String, max: Int) throws(PackageError) {
    guard count <= max else {
        throw PackageError(
            .limitExceeded, "\(count) \(what), at most \(max) are allowed",
            expected: UInt64(max), actual: UInt64(count))
    }
}

/// The elements of a repeated field of messages, translated one by one.
func decodeList<Message, Item>(
    _ count: Int, _ list: MessageList<Message>?, _ what: String, max: Int,
    _ decode: (Message) throws(PackageError) -> Item
) throws(PackageError) -> [Item] {
    try checkCount(count, what, max: max)
    var items: [Item] = []
    items.reserveCapacity(count)
    for index in 0..<count {
        guard let element = list?[index] else {
            throw PackageError(.invalidManifest, "\(what) has an entry without contents")
        }
        items.append(try decode(element.pointee))
    }
    return items
}

/// The elements of a repeated field of text.
func decodeTexts(
    _ count: Int, _ list: UnsafeMutablePointer<ProtobufCBinaryData>?, _ what: String, max: Int,
    _ byteCounts: ClosedRange<Int>
) throws(PackageError) -> [String] {
    try checkCount(count, what, max: max)
    var texts: [String] = []
    texts.reserveCapacity(count)
    for index in 0..<count {
        guard let element = list?[index] else { break }
        texts.append(try element.text(what, byteCounts))
    }
    return texts
}

/// A shape from a repeated field: at most eight sizes of at most 2^40.
func decodeShape(
    _ count: Int, _ sizes: UnsafeMutablePointer<UInt64>?
) throws(PackageError) -> [Int] {
    try checkCount(count, "dimensions", max: Limits.dimensionsMax)
    var shape: [Int] = []
    for index in 0..<count {
        shape.append(try decodeSize(sizes?[index] ?? 0))
    }
    return shape
}

/// One size of a shape.
func decodeSize(_ size: UInt64) throws(PackageError) -> Int {
    try decodeInt(size, "a dimension", max: Limits.tensorBytesMax)
}

/// A number from the file as `Int`, if it is at most `max`.
func decodeInt(_ value: UInt64, _ what: String, max: Int) throws(PackageError) -> Int {
    guard let number = Int(exactly: value), number <= max else {
        throw PackageError(
            .limitExceeded, "\(what) is \(value), at most \(max) is allowed",
            expected: UInt64(max), actual: value)
    }
    return number
}

/// Refuses a name that stands twice.
func checkUnique(
    _ names: [String], _ what: String, _ code: PackageError.Code
) throws(PackageError) {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
        throw PackageError(code, "stands twice among the \(what)", subject: name)
    }
}
