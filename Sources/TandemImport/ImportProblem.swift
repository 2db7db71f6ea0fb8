/// One thing that keeps a model from being imported: where it is, why, and what to change.
package struct ImportProblem: Hashable, Sendable, CustomStringConvertible {
    /// The kind of problem, open so that one can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unreadableFile, notONNX, cutFile, malformed, limitExceeded, externalFile
            case unsupportedVersion, unknownDomain, unsupportedOperator, unknownAttribute
            case invalidAttribute, unsupportedType, sparseTensor, wrongSize, overflow, notFinite
            case outOfRange, undefinedValue, duplicateName, duplicateValue, cycle
            case dynamicControlFlow, dynamicShape, wrongShape, wrongType, wrongArity, unsupported
            case unknownInput, invalidFeatures, rowsMixed
        }
        private let kind: Kind

        /// A file cannot be opened, read or mapped.
        package static let unreadableFile = Code(kind: .unreadableFile)
        /// The bytes are not an ONNX model.
        package static let notONNX = Code(kind: .notONNX)
        /// The file ends before what it announces.
        package static let cutFile = Code(kind: .cutFile)
        /// A message of the file breaks the rules of protobuf or of the schema.
        package static let malformed = Code(kind: .malformed)
        /// A count or size is over one of `ImportLimits`.
        package static let limitExceeded = Code(kind: .limitExceeded)
        /// A tensor's external file is outside the model's folder, missing or too short.
        package static let externalFile = Code(kind: .externalFile)
        /// The operator set is older or newer than what is understood.
        package static let unsupportedVersion = Code(kind: .unsupportedVersion)
        /// A node's operator belongs to a domain that is not known.
        package static let unknownDomain = Code(kind: .unknownDomain)
        /// No lowering exists for an operator.
        package static let unsupportedOperator = Code(kind: .unsupportedOperator)
        /// A node has an attribute that its operator does not have.
        package static let unknownAttribute = Code(kind: .unknownAttribute)
        /// An attribute is missing, of the wrong type or out of range.
        package static let invalidAttribute = Code(kind: .invalidAttribute)
        /// An element type that has no place here: text, complex, 4 and 8 bit floats.
        package static let unsupportedType = Code(kind: .unsupportedType)
        /// A sparse tensor.
        package static let sparseTensor = Code(kind: .sparseTensor)
        /// A tensor's bytes are not what its dimensions say.
        package static let wrongSize = Code(kind: .wrongSize)
        /// The product of dimensions does not fit.
        package static let overflow = Code(kind: .overflow)
        /// A weight is NaN or infinite.
        package static let notFinite = Code(kind: .notFinite)
        /// A number does not fit the type it is converted to, or an index its axis.
        package static let outOfRange = Code(kind: .outOfRange)
        /// A node or output reads a value that nothing makes.
        package static let undefinedValue = Code(kind: .undefinedValue)
        /// Two nodes, inputs or weights carry one name.
        package static let duplicateName = Code(kind: .duplicateName)
        /// Two nodes make one value.
        package static let duplicateValue = Code(kind: .duplicateValue)
        /// Nodes read each other's results in a circle.
        package static let cycle = Code(kind: .cycle)
        /// Control flow that depends on what a request brings.
        package static let dynamicControlFlow = Code(kind: .dynamicControlFlow)
        /// A shape, axis or count that depends on what a request brings.
        package static let dynamicShape = Code(kind: .dynamicShape)
        /// Shapes do not fit each other or the operator.
        package static let wrongShape = Code(kind: .wrongShape)
        /// An input has an element type that the operator does not take.
        package static let wrongType = Code(kind: .wrongType)
        /// A node has too few or too many inputs or outputs.
        package static let wrongArity = Code(kind: .wrongArity)
        /// A form of an operator that is understood but not supported.
        package static let unsupported = Code(kind: .unsupported)
        /// A setting of the import names an input or dimension that the model does not have.
        package static let unknownInput = Code(kind: .unknownInput)
        /// A features file is wrong, or does not fit the model.
        package static let invalidFeatures = Code(kind: .invalidFeatures)
        /// A node mixes rows of the batch, so that a row cannot be computed by itself.
        package static let rowsMixed = Code(kind: .rowsMixed)

        package var description: String { kind.rawValue }
    }

    /// What kind of problem it is.
    package var code: Code
    /// Why it is one.
    package var message: String
    /// What to change, mostly at the model's export; empty where the message says it.
    package var remedy: String
    /// The node at fault, by name.
    package var node: String?
    /// The node's operator, with its domain in front unless it is ONNX's own.
    package var `operator`: String?
    /// The tensor or value at fault, by name.
    package var tensor: String?
    /// The position in the file at which reading failed, in bytes.
    package var offset: Int?
    /// The key of a features file, with its table.
    package var key: String?
    /// The line of a features file, from 1.
    package var line: Int?

    /// Makes a problem; the facts that apply are given.
    package init(
        _ code: Code, _ message: String, remedy: String = "", node: String? = nil,
        operator: String? = nil, tensor: String? = nil, offset: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.node = node
        self.operator = `operator`
        self.tensor = tensor
        self.offset = offset
    }

    /// One line: place, reason, remedy, code.
    package var description: String {
        var places: [String] = []
        if let node {
            places.append(`operator`.map { "node '\(node)' (\($0))" } ?? "node '\(node)'")
        }
        if let tensor { places.append("'\(tensor)'") }
        if let line { places.append("line \(line)") }
        if let key { places.append(key) }
        if let offset { places.append("byte \(offset)") }
        let place = places.isEmpty ? "" : places.joined(separator: ", ") + ": "
        return place + message + (remedy.isEmpty ? "" : "; \(remedy)") + " (\(code))"
    }
}
