import TandemGraph

@testable import TandemPackage

/// The readers of what a package says of itself.
///
/// Checksums are made right before the readers see them, so that chance gets past them.
enum PackageFuzz {
    /// Reads the message of a manifest; what is taken can be planned and says the same again.
    static func readManifest(_ bytes: UnsafeRawBufferPointer) {
        _ = try? ManifestFile.decode(bytes)
        let file = ManifestFile.encode(Array(bytes))
        guard let package = try? PackageReader.read(file, path: "fuzz") else { return }
        for program in package.model.programs {
            let plan = LoadPlan(package, program: program)
            let longest = plan.runs.reduce(0) { max($0, $1.byteCount) }
            precondition(longest <= plan.byteCount, "a plan that takes less than a part of it")
            for (tensor, place) in plan.placements {
                guard case .run(let run, let offset) = place else { continue }
                precondition(
                    offset >= 0 && tensor.byteCount <= plan.runs[run].byteCount - offset,
                    "a tensor outside its memory")
            }
        }
        let manifest = Manifest(
            model: package.model, tensors: package.tensors, shards: package.shards)
        let message = manifest.encoded()
        guard let again = try? PackageReader.read(ManifestFile.encode(message), path: "fuzz") else {
            preconditionFailure("a manifest that was taken is not taken again")
        }
        let encoded = Manifest(model: again.model, tensors: again.tensors, shards: again.shards)
            .encoded()
        precondition(encoded == message, "a manifest does not read back")
    }

    /// Reads header and index of a shard; what is taken lies back to back within the file.
    static func readIndex(_ bytes: UnsafeRawBufferPointer) {
        let count = (bytes.count - ShardFormat.headerByteCount) / ShardFormat.entryByteCount
        guard bytes.count > ShardFormat.headerByteCount, count > 0 else { return }
        let length = ShardFormat.headerByteCount + count * ShardFormat.entryByteCount
        var index = Array(bytes.prefix(length))
        let checksum = index.withUnsafeBytes { CRC32C.checksum($0) }
        index.append(littleEndian: checksum)
        // What the manifest says, as favourable as can be.
        let last = length - ShardFormat.entryByteCount
        let stored =
            Int(truncatingIfNeeded: index.littleEndian(at: last, as: UInt64.self))
            &+ Int(index.littleEndian(at: last + 8, as: UInt32.self))
        let raw = (0..<count).reduce(0) { sum, block in
            let at = ShardFormat.headerByteCount + block * ShardFormat.entryByteCount
            return sum + Int(index.littleEndian(at: at + 12, as: UInt32.self))
        }
        let shard = ShardRecord(
            contentID: ContentID(of: bytes), storedByteCount: stored, rawByteCount: raw,
            blockCount: count, indexChecksum: checksum)
        guard let entries = try? ShardFormat.decode(index, shard) else { return }
        var end = ShardFormat.blocksOffset(blockCount: count)
        for entry in entries {
            precondition(entry.fileOffset == end, "blocks that are not back to back")
            precondition(entry.rawByteCount <= Limits.blockRawBytesMax, "a block too large")
            end += entry.storedByteCount
        }
        precondition(end == stored, "blocks that do not end with the file")
    }

    // libFuzzer calls on one thread.
    nonisolated(unsafe) private static let decoder = try? BlockDecoder()

    /// Decodes a block: 4 bytes say how many it has to give, the rest is its frame.
    static func readBlock(_ bytes: UnsafeRawBufferPointer) {
        guard let decoder, bytes.count > 4 else { return }
        let stated = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        let rawByteCount = 1 + Int(stated) % Limits.blockRawBytesMax
        // Of their own and exact, so that a byte too far is seen.
        let frame = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bytes.count - 4, alignment: 16)
        frame.copyBytes(from: bytes.dropFirst(4))
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: rawByteCount, alignment: 64)
        try? decoder.decompress(UnsafeRawBufferPointer(frame), into: raw)
        frame.deallocate()
        raw.deallocate()
    }
}
