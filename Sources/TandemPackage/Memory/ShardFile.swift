internal import Glibc
internal import Synchronization

// Design: the memory of a shard goes back to the system bit by bit.
//
// Closing the last descriptor of a memfd frees all its pages in one system call: 8.7 ms for 64 MiB of
// small pages, 0.3 for huge ones. A kernel that is not preemptible lets nobody in meanwhile, so a
// loop on that core answers nothing, whatever the priority of who closes: as traced, that was the
// tail of a model that reloads itself. Cut off its end piece by piece, the same pages take as long in
// calls of 0.05 ms each. That is why the seals leave out shrinking (`tandemsys_seal`).
//
// Only the service manager, which stores it for the process after this one, has the memory too. As
// long as it does nothing is cut, above all not when the process ends.

/// A sealed memfd, cut piece by piece and closed when its last holder drops it.
package final class ShardFile: Sendable {
    /// The memfd, open as long as this lives.
    package let descriptor: Int32
    private let stored = Atomic<Bool>(false)

    /// - Parameter descriptor: A memfd, owned from now on.
    init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        if !isStored { cut() }
        close(descriptor)
    }

    /// Whether somebody keeps the contents beyond this process.
    package var isStored: Bool {
        get { stored.load(ordering: .relaxed) }
        set { stored.store(newValue, ordering: .relaxed) }
    }

    private func cut() {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return }
        var end = status.st_size
        while end > 0 {
            end = max(0, end - off_t(MappedRun.pieceByteCount))
            // Memory whose seals forbid it, of an older version, is freed by closing.
            guard ftruncate(descriptor, end) == 0 else { return }
        }
    }
}
