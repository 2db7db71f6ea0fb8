import CTandemSystem
import Glibc
import Testing

@testable import TandemPackage

@Suite struct HugePagesTests {
    @Test(arguments: [
        (0, 0), (1 << 20, 0), ((2 << 20) - (2 << 20) / 16, 0), (2_000_000, 2 << 20),
        (2 << 20, 2 << 20), ((2 << 20) + 1, 2 << 20), (64 << 20, 64 << 20),
        ((32 << 20) + 1, 34 << 20), ((30 << 20) + 1, 30 << 20),
    ])
    func `rounds up where that wastes less than a sixteenth, and down where not`(
        rawByteCount: Int, span: Int
    ) {
        #expect(HugePages.span(rawByteCount: rawByteCount) == span)
    }

    @Test(arguments: [4096, (2 << 20) - 4096, 2 << 20, 5 << 20])
    func `takes addresses that huge pages can be put at, and no more than it was asked for`(
        size: Int
    ) throws {
        let base = try #require(HugePages.addresses(size))
        #expect(size < HugePages.byteCount || Int(bitPattern: base) % HugePages.byteCount == 0)
        #expect(mprotect(base, size, PROT_READ) == 0)
        #expect(munmap(base, size) == 0)
    }

    @Test func `memory that was asked for is empty, and can be written and sealed`() throws {
        let span = 2 * HugePages.byteCount
        let descriptor = tandemsys_memfd("test")
        defer { close(descriptor) }
        try #require(ftruncate(descriptor, off_t(span)) == 0)
        HugePages.prepare(span: span, of: descriptor)
        var bytes = [UInt8](repeating: 1, count: span)
        #expect(pread(descriptor, &bytes, span, 0) == span)
        #expect(bytes.allSatisfy { $0 == 0 })
        #expect(pwrite(descriptor, [7], 1, off_t(span - 1)) == 1)
        #expect(tandemsys_seal(descriptor) == 0)
        let base = try #require(HugePages.addresses(span))
        defer { munmap(base, span) }
        #expect(mmap(base, span, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, 0) == base)
        #expect(base.load(fromByteOffset: span - 1, as: UInt8.self) == 7)
    }

    @Test func `does nothing to a file that is none of ours, or not there`() {
        HugePages.prepare(span: HugePages.byteCount, of: -1)
        HugePages.prepare(span: 0, of: 0)
    }
}
