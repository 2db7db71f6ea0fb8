import Glibc
import Synchronization

// Design: what a load takes is what only it takes, looked at from inside, every millisecond.
//
// Models lie in files in memory, which count as resident only where they are mapped, and count
// double where two mappings show them. So two things are added up: private pages (resident less
// shared, of /proc/self/statm) and the blocks of our memory files (/proc/self/fd).

/// Watches how much memory this process takes.
final class MemoryPeak: Sendable {
    private let peak = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    /// Runs something and gives what it took at most beyond what was taken before, in bytes.
    static func during<Result>(_ body: () throws -> Result) rethrows -> (Result, byteCount: Int) {
        let watch = MemoryPeak()
        let before = Self.byteCount
        let context = Unmanaged.passRetained(watch)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<MemoryPeak>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        defer {
            watch.isOver.store(true, ordering: .relaxed)
            pthread_join(thread, nil)
        }
        let result = try body()
        watch.look()
        return (result, watch.peak.load(ordering: .relaxed) - before)
    }

    private func run() {
        while !isOver.load(ordering: .relaxed) {
            look()
            usleep(1_000)
        }
    }

    private func look() { peak.max(Self.byteCount, ordering: .relaxed) }

    /// Bytes of private pages and of memory files.
    private static var byteCount: Int { privateByteCount + fileByteCount }

    private static var privateByteCount: Int {
        var text = [UInt8](repeating: 0, count: 256)
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let count = max(0, read(file, &text, text.count))
        let numbers = String(decoding: text.prefix(count), as: UTF8.self).split(separator: " ")
            .compactMap { Int($0) }
        guard numbers.count > 2 else { return 0 }
        return (numbers[1] - numbers[2]) * Int(getpagesize())
    }

    private static var fileByteCount: Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var sum = 0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            var target = [CChar](repeating: 0, count: 64)
            var status = stat()
            guard let descriptor = Int32(name),
                readlink("/proc/self/fd/" + name, &target, target.count - 1) > 0,
                strncmp(target, "/memfd:tandem", 13) == 0, fstat(descriptor, &status) == 0
            else { continue }
            sum += Int(status.st_blocks) * 512
        }
        return sum
    }
}
