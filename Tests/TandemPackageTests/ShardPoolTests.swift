import CTandemSystem
import Glibc
import TandemGraph
import Testing

@testable import TandemPackage

@Suite struct ShardPoolTests {
    private let folder: TemporaryFolder
    private let pool = ShardPool()
    private let table = "embedding/user"

    init() throws { folder = try TemporaryFolder() }

    /// A package with a table of 512 KiB in four shards.
    private func package(
        _ name: String, _ change: (inout PackageContents) -> Void = { _ in }
    ) throws -> (Package, PackageContents) {
        var contents = try SampleContents.make(userCount: 65_534)
        change(&contents)
        let path = try folder.folder(name)
        try PackageWriter.write(
            contents, to: path,
            options: PackageOptions(
                compressionLevel: 1, shardByteCountTarget: 128 << 10, sharedByteCountMax: 0))
        return (try PackageReader.open(path), contents)
    }

    private func change(_ contents: inout PackageContents, row: Int) {
        guard let old = contents.tensors[table] else { return }
        let tensor = Tensor(zeros: old.dtype, shape: old.shape)
        UnsafeMutableRawBufferPointer(start: tensor.base, count: tensor.byteCount)
            .copyMemory(from: old.bytes)
        tensor.elements(as: Float.self)[row * 2] += 1
        contents.tensors[table] = tensor
    }

    @Test func `reads only the shard that changed, and gives each version its own rows`() throws {
        let (old, oldContents) = try package("1")
        let (new, newContents) = try package("2") { change(&$0, row: 40_000) }
        let first = try old.load(program: "float", threads: 2, pool: pool)
        let read = pool.byteCounts.read
        #expect(pool.byteCounts.shared == 0)
        let second = try new.load(program: "float", threads: 2, pool: pool)
        // Small shards go with their tensors' copies, so those are read again.
        let again = pool.byteCounts.read - read
        #expect((128 << 10..<132 << 10).contains(again))
        #expect(pool.byteCounts.shared >= 384 << 10)
        for (name, tensor) in first { expectEqual(tensor, oldContents.tensors[name], name) }
        for (name, tensor) in second { expectEqual(tensor, newContents.tensors[name], name) }
    }

    @Test func `holds memory as long as a version uses it, and no longer`() throws {
        let (old, _) = try package("1")
        let (new, _) = try package("2") { change(&$0, row: 0) }
        var first: TensorSet? = try old.load(program: "float", pool: pool)
        #expect(pool.live.filter { $0.file != nil }.count == 4)
        var second: TensorSet? = try new.load(program: "float", pool: pool)
        #expect(pool.live.filter { $0.file != nil }.count == 5)
        withExtendedLifetime(first) {}
        first = nil
        #expect(pool.live.filter { $0.file != nil }.count == 4)
        withExtendedLifetime(second) {}
        second = nil
        #expect(pool.live.isEmpty)
    }

    @Test func `reads no shard for what is copied or not needed`() throws {
        let (old, _) = try package("1")
        let first = try old.load(program: "float", pool: pool)
        let read = pool.byteCounts.read
        // All but the table were copied; their shards are gone.
        #expect(pool.live.count == 4)
        let second = try old.load(program: "float", pool: pool)
        #expect(pool.byteCounts.read == read)
        for (name, tensor) in first { expectEqual(tensor, second[name], name) }
        let small = try #require(first.keys.first { $0 != table })
        #expect(first[small]?.base == second[small]?.base)

        let program = old.model.programs[0]
        #expect(old.shardsToRead(program: program, pool: pool).isEmpty)
        let fresh = ShardPool()
        #expect(
            old.shardsToRead(program: program, pool: fresh).count
                == old.shards(of: program).count)
        let rest = try old.load(program: "float", except: [table], pool: fresh)
        #expect(rest.count == first.count - 1)
        #expect(fresh.byteCounts.read < 512 << 10)
    }

    @Test func `keeps nothing of a load that failed`() throws {
        let (old, _) = try package("1")
        let shard = try #require(old.shards.first { $0.rawByteCount == 128 << 10 })
        let path = old.path(of: shard)
        let bytes = try TemporaryFolder.read(path)
        try TemporaryFolder.change(path, at: bytes.count - 1, to: ~bytes[bytes.count - 1])
        let error = failure { try old.load(program: "float", threads: 2, pool: pool) }
        #expect(error?.code == .checksumMismatch)
        #expect(pool.live.isEmpty)
    }

    /// What the service manager's store does: a descriptor outlives the process.
    private func survivors() throws -> [Int32] {
        let (old, _) = try package("1")
        let tensors = try old.load(program: "float", pool: pool)
        defer { withExtendedLifetime(tensors) {} }
        return pool.live.compactMap(\.file).map { file in
            file.isStored = true
            return dup(file.descriptor)
        }
    }

    @Test func `takes back what an earlier process left, and reads it not`() throws {
        let descriptors = try survivors()
        #expect(pool.live.isEmpty)
        let later = ShardPool()
        #expect(descriptors.compactMap { later.adopt($0)?.contentID }.count == 4)
        let old = try PackageReader.open(folder.path + "/1")
        let tensors = try old.load(program: "float", pool: later)
        #expect(later.byteCounts.shared == 512 << 10)
        #expect(later.byteCounts.read < 4096)
        let fresh = try old.load(program: "float")
        for (name, tensor) in tensors { expectEqual(tensor, fresh[name], name) }
        later.releaseAdopted()
        #expect(later.live.filter { $0.file != nil }.count == 4)
    }

    /// How many of a tensor's pages are in this process's page tables, and how many it has.
    private func pages(of tensor: Tensor) throws -> (present: Int, all: Int) {
        let page = ShardMemory.pageByteCount
        let first = Int(bitPattern: UnsafeRawPointer(tensor.base)) / page
        let last = (Int(bitPattern: UnsafeRawPointer(tensor.base)) + tensor.byteCount - 1) / page
        let file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var entries = [UInt64](repeating: 0, count: last - first + 1)
        let byteCount = entries.count * 8
        try #require(pread(file, &entries, byteCount, off_t(first * 8)) == byteCount)
        // Bit 63: the page is present.
        return (entries.filter { $0 >> 63 == 1 }.count, entries.count)
    }

    @Test func `populates what it loads at once, and what was left when it is told`() throws {
        let descriptors = try survivors()
        let old = try PackageReader.open(folder.path + "/1")
        let progress = LoadProgress()
        let fresh = try old.load(program: "float", threads: 2, progress: progress)
        #expect(progress.byteCounts.read == progress.byteCounts.all)
        #expect(progress.byteCounts.all >= 512 << 10)
        let table = try #require(fresh.values.max { $0.byteCount < $1.byteCount })
        #expect(try pages(of: table).present == pages(of: table).all)

        let later = ShardPool()
        for descriptor in descriptors { _ = later.adopt(descriptor) }
        let again = LoadProgress()
        let tensors = try old.load(program: "float", pool: later, progress: again)
        #expect(again.byteCounts.all < 4096)
        let left = try #require(tensors.values.max { $0.byteCount < $1.byteCount })
        #expect(try pages(of: left).present == 0)
        later.releaseAdopted()
        later.populateAdopted()
        #expect(try pages(of: left).present == pages(of: left).all)
    }

    @Test func `takes all that is mapped out of the page tables and keeps it`() throws {
        let (old, contents) = try package("1")
        let tensors = try old.load(program: "float", pool: pool)
        let before = try #require(tensors[table])
        #expect(try pages(of: before).present == pages(of: before).all)
        pool.depopulate(threads: 2)
        #expect(try pages(of: before).present == 0)
        let expected = try #require(contents.tensors[table])
        #expect(before.bytes.elementsEqual(expected.bytes))
    }

    @Test func `gives back what an earlier process left and nobody needs`() throws {
        let later = ShardPool()
        for descriptor in try survivors() { _ = later.adopt(descriptor) }
        #expect(later.live.count == 4)
        later.releaseAdopted()
        #expect(later.live.isEmpty)
    }

    @Test func `does not take what is not sealed, not ours, cut or changed`() throws {
        func memory(_ bytes: [UInt8], isSealed: Bool = true) -> Int32 {
            let descriptor = tandemsys_memfd("test")
            #expect(write(descriptor, bytes, bytes.count) == bytes.count)
            if isSealed { #expect(tandemsys_seal(descriptor) == 0) }
            return descriptor
        }
        func contents(_ descriptor: Int32) -> [UInt8] {
            var status = stat()
            fstat(descriptor, &status)
            var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
            #expect(pread(descriptor, &bytes, bytes.count, 0) == bytes.count)
            return bytes
        }
        let descriptors = try survivors()
        let good = contents(descriptors[0])
        for descriptor in descriptors { close(descriptor) }
        let page = ShardMemory.pageByteCount
        let later = ShardPool()
        #expect(later.adopt(memory(good)) != nil)
        #expect(later.adopt(memory(good, isSealed: false)) == nil)
        #expect(later.adopt(memory([])) == nil)
        #expect(later.adopt(memory(Array(good.dropLast(1)))) == nil)
        #expect(later.adopt(memory(Array(good.dropFirst(page)))) == nil)
        #expect(later.adopt(memory(good + [UInt8](repeating: 0, count: page))) == nil)
        for place in 0..<56 {
            var changed = good
            changed[good.count - page + place] ^= 1
            #expect(later.adopt(memory(changed)) == nil, "byte \(place) of the trailer")
        }
        let file = tandemsys_open(folder.path + "/file", O_RDWR | O_CREAT, 0o600)
        #expect(later.adopt(file) == nil)
        #expect(later.adopt(-1) == nil)
    }

    @Test func `sealed memory can neither be written nor grow`() throws {
        for descriptor in try survivors() {
            #expect(pwrite(descriptor, "x", 1, 0) == -1 && errno == EPERM)
            #expect(ftruncate(descriptor, 1 << 30) == -1 && errno == EPERM)
            #expect(
                mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) == MAP_FAILED)
            close(descriptor)
        }
    }

    @Test func `memory is cut once its last holder drops it, and not while it is stored`() throws {
        func size(_ descriptor: Int32) -> off_t {
            var status = stat()
            fstat(descriptor, &status)
            return status.st_size
        }
        let (package, _) = try package("1")
        var tensors = try package.load(program: "float", pool: pool)
        var stored = pool.live.first { $0.file != nil }?.file
        let kept = dup(try #require(stored).descriptor)
        stored?.isStored = true
        let descriptors = pool.live.compactMap(\.file).map { dup($0.descriptor) }
        defer { for descriptor in descriptors + [kept] { close(descriptor) } }
        #expect(descriptors.count == 4)
        tensors = [:]
        #expect(tensors.isEmpty && pool.live.isEmpty)
        #expect(descriptors.filter { size($0) == 0 }.count == 3)
        #expect(size(kept) > 128 << 10)
        stored?.isStored = false
        stored = nil
        #expect(size(kept) == 0)
    }
}
