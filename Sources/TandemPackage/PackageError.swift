/// Why a package could not be written, published, opened or loaded: which file, where in it, and
/// what to do.
package struct PackageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// Open, so that a kind can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case notFound, accessDenied, notRegularFile, inputOutput, noSpace, outOfMemory
            case notAPackage, unknownFormatVersion, unknownRequirement
            case truncated, wrongSize, checksumMismatch, contentMismatch
            case invalidManifest, invalidName, limitExceeded, invalidTensor, invalidSegment
            case invalidShard, invalidBlock, invalidSignature, invalidGraph, invalidGolden
            case unknownProgram, invalidVersion, versionExists, invalidContents, invalidLabels
        }
        private let kind: Kind

        /// There is no such file or directory.
        package static let notFound = Code(kind: .notFound)
        /// The system does not let this user read or write there.
        package static let accessDenied = Code(kind: .accessDenied)
        /// A symbolic link, directory or device stands where a regular file must be.
        package static let notRegularFile = Code(kind: .notRegularFile)
        /// The system failed to read or write.
        package static let inputOutput = Code(kind: .inputOutput)
        /// The file system is full, or a quota or size limit is reached.
        package static let noSpace = Code(kind: .noSpace)
        /// Memory for the model cannot be had, or is more than the caller allows.
        package static let outOfMemory = Code(kind: .outOfMemory)
        /// The file does not begin like a manifest or a shard.
        package static let notAPackage = Code(kind: .notAPackage)
        /// The file says a format version that this reader does not know.
        package static let unknownFormatVersion = Code(kind: .unknownFormatVersion)
        /// The package requires something that this reader does not know.
        package static let unknownRequirement = Code(kind: .unknownRequirement)
        /// The file is shorter than it says.
        package static let truncated = Code(kind: .truncated)
        /// The file's size is not the one stated.
        package static let wrongSize = Code(kind: .wrongSize)
        /// Bytes do not have their checksum.
        package static let checksumMismatch = Code(kind: .checksumMismatch)
        /// A shard's bytes do not have the content id that names it.
        package static let contentMismatch = Code(kind: .contentMismatch)
        /// The manifest's message cannot be read, or a field is missing or out of range.
        package static let invalidManifest = Code(kind: .invalidManifest)
        /// A name is empty, too long, not UTF-8, or has characters that are not allowed.
        package static let invalidName = Code(kind: .invalidName)
        /// A count or size is over a limit.
        package static let limitExceeded = Code(kind: .limitExceeded)
        /// A tensor's shape and size do not fit, or it is listed twice.
        package static let invalidTensor = Code(kind: .invalidTensor)
        /// A segment lies outside its shard, overlaps another or leaves a gap.
        package static let invalidSegment = Code(kind: .invalidSegment)
        /// A shard's header or index contradicts itself or the manifest.
        package static let invalidShard = Code(kind: .invalidShard)
        /// A block does not decode to what its index entry says.
        package static let invalidBlock = Code(kind: .invalidBlock)
        /// A feature, task or formula is not well formed.
        package static let invalidSignature = Code(kind: .invalidSignature)
        /// A program's graph is not well formed, or its tensors are not there.
        package static let invalidGraph = Code(kind: .invalidGraph)
        /// A golden vector does not fit the graph.
        package static let invalidGolden = Code(kind: .invalidGolden)
        /// The package has no program of that name.
        package static let unknownProgram = Code(kind: .unknownProgram)
        /// A version is not a canonical number from 1.
        package static let invalidVersion = Code(kind: .invalidVersion)
        /// The version is there already; published versions are never changed.
        package static let versionExists = Code(kind: .versionExists)
        /// What is to be written does not fit together.
        package static let invalidContents = Code(kind: .invalidContents)

        /// A model's file of labels is not well formed.
        package static let invalidLabels = Code(kind: .invalidLabels)

        package var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    package var code: Code
    /// What is wrong and what to do.
    package var message: String
    /// The file or directory at fault.
    package var path: String?
    /// The tensor, feature, program or other named thing at fault.
    package var subject: String?
    /// The block at fault, from 0.
    package var block: Int?
    /// Where in the file, in bytes.
    package var byteOffset: Int?
    /// The limit that was broken or the value that was expected.
    package var expected: UInt64?
    /// What was found instead.
    package var actual: UInt64?
    /// The system's error number, if the system failed.
    package var systemError: Int32?

    /// Makes an error with the facts that are known.
    package init(
        _ code: Code, _ message: String, path: String? = nil, subject: String? = nil,
        block: Int? = nil, byteOffset: Int? = nil, expected: UInt64? = nil, actual: UInt64? = nil,
        systemError: Int32? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.subject = subject
        self.block = block
        self.byteOffset = byteOffset
        self.expected = expected
        self.actual = actual
        self.systemError = systemError
    }

    /// The same error with the file and the block it is about, where they are not known yet.
    package func at(_ path: String, block: Int? = nil) -> PackageError {
        var error = self
        error.path = error.path ?? path
        error.block = error.block ?? block
        return error
    }

    /// The same error with the thing that its subject is a part of.
    func within(_ whole: String) -> PackageError {
        var error = self
        error.subject = whole + (subject.map { ": \($0)" } ?? "")
        return error
    }

    package var description: String {
        var text = path.map { "\($0): " } ?? ""
        if let subject { text += "\(subject): " }
        if let block { text += "block \(block): " }
        if let byteOffset { text += "at byte \(byteOffset): " }
        return text + "\(message) (\(code))"
    }
}
