import TandemGraph

/// A constant tensor as it lies in the file (`TensorProto`); its elements are read on demand.
package struct ONNXTensor: Sendable {
    /// Where the elements are.
    package enum Content: Sendable {
        /// Little-endian elements, densely, somewhere in a mapped file (`raw_data` or external).
        case raw(MappedFile, Range<Int>)
        /// The message of that range has them in typed fields (`float_data` and its siblings).
        case typed(MappedFile, Range<Int>)
        /// They cannot be had, for that reason.
        case missing(ImportProblem)
    }

    /// The tensor's name; empty in attributes.
    package var name: String
    /// The element type in the file.
    package var elementType: ONNXElementType
    /// The dimensions, as the file says: any numbers.
    package var dimensions: [Int64]
    /// Where the elements are.
    package var content: Content

    /// Makes a tensor's description.
    package init(
        name: String, elementType: ONNXElementType, dimensions: [Int64], content: Content
    ) {
        self.name = name
        self.elementType = elementType
        self.dimensions = dimensions
        self.content = content
    }

    /// The sizes of the dimensions.
    ///
    /// - Throws: `ImportError` `overflow` or `limitExceeded`, naming the tensor.
    package func shape() throws(ImportError) -> [Int] {
        guard dimensions.count <= ImportLimits.rankMax else {
            throw ImportError(
                .limitExceeded,
                "\(dimensions.count) dimensions are more than \(ImportLimits.rankMax)",
                tensor: name)
        }
        let sizes = dimensions.compactMap { Int(exactly: $0) }
        guard let count = TensorType.product(sizes) else {
            throw ImportError(
                .overflow, "dimensions \(dimensions) are negative, or their product does not fit",
                remedy: "export the model again", tensor: name)
        }
        guard count <= ImportLimits.elementCountMax else {
            throw ImportError(
                .limitExceeded,
                "\(count) elements are more than \(ImportLimits.elementCountMax)",
                remedy: "split the tensor, or hash ids to fewer rows", tensor: name)
        }
        return sizes
    }
}

extension ONNXTensor {
    /// Where an external tensor's bytes are, by its `external_data` entries.
    private struct Location {
        var path: String?
        var offset: Int? = 0
        var length: Int?
        var isWrong = false

        mutating func read(_ reader: ProtobufReader) throws(ImportError) {
            var reader = reader
            var key = ""
            var value = ""
            while let field = try reader.next() {
                if field.number == 1 { key = try field.text() }
                if field.number == 2 { value = try field.text() }
            }
            switch key {
            case "location": path = value
            case "offset":
                offset = Int(value)
                isWrong = isWrong || (offset ?? -1) < 0
            case "length":
                length = Int(value)
                isWrong = isWrong || (length ?? -1) < 0
            default: break
            }
        }
    }

    /// Reads a `TensorProto`, but not its elements.
    init(_ reader: ProtobufReader, _ files: ExternalFiles) throws(ImportError) {
        var reader = reader
        let message = reader.offset..<reader.end
        var raw: Range<Int>?
        var location = Location()
        var isExternal = false
        self.init(
            name: "", elementType: ONNXElementType(0), dimensions: [],
            content: .typed(reader.file, message))
        while let field = try reader.next() {
            switch field.number {
            case 1: try field.append(to: &dimensions)
            case 2: elementType = ONNXElementType(try field.smallInteger())
            case 8: name = try field.text()
            case 9: raw = try field.range()
            case 13: try location.read(try field.message())
            case 14: isExternal = try field.integer() == 1
            default: break
            }
        }
        if isExternal {
            content = external(location, files)
        } else if let raw {
            content = .raw(reader.file, raw)
        }
    }

    private func external(_ location: Location, _ files: ExternalFiles) -> Content {
        guard let path = location.path, !location.isWrong, let offset = location.offset else {
            return .missing(
                ImportProblem(
                    .externalFile, "external bytes without a location, offset or length that fits",
                    tensor: name))
        }
        do throws(ImportError) {
            let file = try files.file(at: path)
            let rest = file.byteCount - offset
            guard rest >= 0, location.length ?? 0 <= rest else {
                return .missing(
                    ImportProblem(
                        .externalFile,
                        "the file '\(path)' has \(file.byteCount) bytes, too few for "
                            + "\(location.length ?? 0) at \(offset)",
                        remedy: "fetch or export the file again", tensor: name))
            }
            return .raw(file, offset..<offset + (location.length ?? rest))
        } catch {
            var problem = error.problems[0]
            problem.tensor = name
            return .missing(problem)
        }
    }
}
