internal import CTandemSystem

/// The checksum of stored blocks: by an instruction of the processor, so that checking costs a
/// small part of decoding.
enum CRC32C {
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tandemsys_crc32c(0, bytes.baseAddress, bytes.count)
    }
}
