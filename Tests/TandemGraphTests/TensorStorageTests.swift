import Glibc
import TandemGraph
import Testing

@Suite struct TensorStorageTests {
    @Test(arguments: [0, 1, 4_095, (128 << 10) - 1, 128 << 10, (1 << 20) + 1])
    func `memory for long is zeroed and aligned`(byteCount: Int) throws {
        let storage = try #require(TensorStorage(lasting: byteCount))
        #expect(storage.byteCount == byteCount)
        #expect(Int(bitPattern: storage.base) % TensorStorage.alignment == 0)
        let bytes = UnsafeRawBufferPointer(start: storage.base, count: byteCount)
        #expect(bytes.allSatisfy { $0 == 0 })
        memset(storage.base, 1, byteCount)
        #expect(bytes.allSatisfy { $0 == 1 })
    }

    @Test func `large memory for long is mapped, whatever was freed before`() throws {
        // glibc puts what is smaller into its heaps from then on.
        free(malloc(32 << 20))
        let storage = try #require(TensorStorage(lasting: 128 << 10))
        #expect(Int(bitPattern: storage.base) % Int(sysconf(Int32(_SC_PAGESIZE))) == 0)
    }

    @Test func `memory that cannot be had is nil`() {
        #expect(TensorStorage(lasting: Int.max / 2) == nil)
        #expect(TensorStorage(ifPossible: Int.max / 2) == nil)
    }
}
