// Design: the manifest file.
//
//     OFFSET   SIZE   MEANING (little-endian; Documentation.docc/Format.md has the refusals)
//     0        8      magic 89 54 44 4D 0D 0A 1A 0A: "\x89TDM\r\n\x1A\n"
//     8        4      format version, 1
//     12       8      length n of the message
//     20       n      tandem.package.v1.Manifest
//     20 + n   32     SHA-256 of everything before; the file ends here
//
// The SHA-256 covers the shards' content ids, so it names the whole package.

/// The frame around a manifest's message.
enum ManifestFile {
    static let name = "manifest"
    static let magic: [UInt8] = [0x89, 0x54, 0x44, 0x4D, 0x0D, 0x0A, 0x1A, 0x0A]
    static let headerByteCount = 20
    /// Bytes around the message.
    static let frameByteCount = headerByteCount + ContentID.byteCount

    /// The file's bytes for a message.
    static func encode(_ message: [UInt8]) -> [UInt8] {
        var bytes = magic
        bytes.reserveCapacity(message.count + frameByteCount)
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(littleEndian: UInt64(message.count))
        bytes.append(contentsOf: message)
        let contentID = bytes.withUnsafeBytes { ContentID(of: $0) }
        bytes.append(contentsOf: contentID.bytes)
        return bytes
    }

    /// Unwraps the message and checks the frame around it.
    ///
    /// - Returns: Where in `bytes` the message lies, and the package's content id.
    static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(PackageError) -> (message: Range<Int>, contentID: ContentID) {
        guard bytes.starts(with: magic.prefix(bytes.count)) else {
            throw PackageError(
                .notAPackage, "the file does not begin like a manifest; is this a model package?")
        }
        guard bytes.count >= frameByteCount else {
            throw PackageError(
                .truncated, "the manifest is cut; copy or publish the package again",
                expected: UInt64(frameByteCount), actual: UInt64(bytes.count))
        }
        try checkFormatVersion(
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        let stated = UInt64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
        let end = bytes.count - ContentID.byteCount
        guard stated == UInt64(end - headerByteCount) else {
            throw PackageError(
                stated > UInt64(end - headerByteCount) ? .truncated : .wrongSize,
                "the manifest says \(stated) bytes and has \(end - headerByteCount); "
                    + "copy or publish the package again",
                expected: stated, actual: UInt64(end - headerByteCount))
        }
        let contentID = ContentID(of: UnsafeRawBufferPointer(rebasing: bytes.prefix(end)))
        guard contentID.bytes.elementsEqual(bytes[end...]) else {
            throw PackageError(
                .checksumMismatch,
                "the manifest does not have its SHA-256; copy or publish the package again")
        }
        return (headerByteCount..<end, contentID)
    }
}
