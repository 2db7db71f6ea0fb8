import Glibc

/// Memory that ends at a page which nobody may touch: reading or writing one element too many
/// ends the test run with a fault, where an ordinary array would hide it.
final class GuardedBuffer<Element: BitwiseCopyable> {
    let base: UnsafeMutablePointer<Element>
    let count: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappingBytes: Int

    /// Every byte is 0xA5 at first.
    ///
    /// The base is 64-byte aligned if the size is a multiple of 64.
    init(count: Int) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = count * MemoryLayout<Element>.stride
        let usable = max(1, (bytes + page - 1) / page) * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard
            let mapping = mmap(nil, usable + page, PROT_READ | PROT_WRITE, flags, -1, 0),
            mapping != MAP_FAILED, mprotect(mapping + usable, page, PROT_NONE) == 0
        else { fatalError("no memory for a guarded buffer of \(bytes) bytes") }
        memset(mapping, 0xA5, usable)
        self.mapping = mapping
        self.mappingBytes = usable + page
        self.count = count
        self.base = (mapping + usable - bytes).bindMemory(to: Element.self, capacity: max(1, count))
    }

    convenience init(_ elements: some Collection<Element>) {
        self.init(count: elements.count)
        _ = UnsafeMutableBufferPointer(start: base, count: count).initialize(from: elements)
    }

    var elements: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

    deinit { munmap(mapping, mappingBytes) }
}

extension GuardedBuffer where Element == Int8 {
    /// Rows of an int8 table, each ending with its scale.
    convenience init(rows: GuardedBuffer<Int8>, scales: GuardedBuffer<Float>) {
        let width = rows.count / scales.count
        self.init(
            scales.elements.enumerated().flatMap { row, scale in
                rows.elements[row * width..<(row + 1) * width]
                    + withUnsafeBytes(of: scale) { $0.map { Int8(bitPattern: $0) } }
            })
    }
}
