internal import CTandemSystem
package import TandemPackage

// Design: a restart takes back what the process before it had in memory.
//
// Tables are most of a model, and reading them is most of a start. They lie in sealed memfds, so the
// service manager can keep them (sd_notify FDSTORE) from one process to the next: over a restart, an
// upgrade and kill -9. What comes back is believed for what its last page says and the kernel's seal
// guarantees, and is used only for a shard of that content in a manifest that was checked. Without a
// service manager, or without room in its store, models are simply loaded.
//
// Other weights are read and packed again, and so need no version of their layout in the store. On
// two cores that is 2 ms of a restart of 81 for a mixture of experts (1 MB of them), 6 of 97 for PLE
// (4 MB) and 13 of 116 for MiniLM (11 MB); 62 are a daemon's without models. Packed weights in the
// store would be a descriptor and a trailer for each, some 40 for MiniLM, to save 10 ms there.

/// Keeps the memory of models in the service manager's store.
package final class ShardKeeper: Sendable {
    private let pool: ShardPool
    private let notifier: ServiceNotifier
    private let kept: Locked<[String: ShardFile]>

    /// Takes back what an earlier process left.
    ///
    /// - Parameters:
    ///   - pool: Where loads find it.
    ///   - notifier: Speaks to the service manager.
    ///   - stored: Descriptors from the manager's store, which belong to the keeper now.
    package init(
        _ pool: ShardPool, _ notifier: ServiceNotifier,
        stored: [(name: String, descriptor: Int32)]
    ) {
        self.pool = pool
        self.notifier = notifier
        var kept: [String: ShardFile] = [:]
        for (name, descriptor) in stored {
            _ = tandemsys_set_cloexec(descriptor, true)
            if let memory = pool.adopt(descriptor), Self.name(memory.contentID) == name {
                memory.file?.isStored = true
                kept[name] = memory.file
            } else {
                notifier.forget(name: name)
            }
        }
        self.kept = Locked(kept)
    }

    /// Stores the memory that has come into use, and drops what is in use no more.
    ///
    /// Called on the loader's thread when a load or unload is done.
    ///
    /// - Returns: The memory that was dropped, which goes back to the system with these: 0.1 ms for
    ///   each MiB.
    package func settle() -> [ShardFile] {
        pool.releaseAdopted()
        guard notifier.isActive else { return [] }
        var files: [String: ShardFile] = [:]
        for memory in pool.live { files[Self.name(memory.contentID)] = memory.file }
        let before = kept.withLock { kept in
            defer { kept = files }
            return kept
        }
        let gone = before.filter { files[$0.key] == nil }
        for (name, file) in gone {
            notifier.forget(name: name)
            file.isStored = false
        }
        for (name, file) in files where before[name] == nil {
            file.isStored = true
            notifier.store(file.descriptor, name: name)
        }
        return Array(gone.values)
    }

    private static func name(_ contentID: ContentID) -> String {
        SocketActivation.storedPrefix + contentID.hexadecimal
    }
}
