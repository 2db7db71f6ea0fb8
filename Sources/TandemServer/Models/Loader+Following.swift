internal import TandemRequest
internal import TandemWire

// Design: what the repository says is entered first, then followed model by model.
//
// What could not be read (a model's directory, its labels) stays as it was: a slip of a person's
// hand must not take a model out of service. A label moves when the version that it shall name is
// ready, and a version is taken out when another took its place; so what served goes on while its
// successor fails.

extension Loader {
    /// Looks at the repository and loads and unloads what policy says.
    ///
    /// - Returns: The versions whose state changed.
    func rescan(_ only: String, retriesFailed: Bool) -> [ModelVersionState] {
        let before = Set(registry.index())
        let listing: RepositoryListing
        do throws(ServerError) {
            listing = try registry.source.list()
        } catch {
            registry.report(.unreadable(error))
            // Looked at all the same: a daemon that never gets ready would help nobody.
            registry.change { $0.isComplete = true }
            return []
        }
        note(listing)
        for name in listing.models.keys.sorted() where only.isEmpty || name == only {
            follow(name, retriesFailed: retriesFailed)
        }
        registry.change { $0.isComplete = true }
        return registry.index().filter { !before.contains($0) }
    }

    /// Looks at a model's labels and says whether one names the version that it should.
    func readLabels(
        _ name: String, _ label: String, _ version: UInt64
    ) -> Result<[VersionLabel], RequestError> {
        _ = rescan(name, retriesFailed: false)
        guard let model = registry.table.models.first(where: { $0.name == name }) else {
            return .failure(unknownModel(name))
        }
        let actual = model.labels.first { $0.label == label }?.version ?? 0
        guard label.isEmpty || actual == version else {
            let state = model.states.first { $0.version == version }
            let reason =
                state.map { "version \(version) is \($0.state.name): \($0.reason)" }
                ?? "write it with `tandem label` into the repository of this daemon"
            return .failure(
                RequestError(
                    .labelMismatch,
                    "label '\(label)' of model '\(name)' names "
                        + (actual == 0 ? "no version" : "version \(actual)") + " here; \(reason)",
                    model: name, bound: Int(clamping: version), actual: Int(clamping: actual)))
        }
        return .success(model.labels)
    }

    /// Enters what is on disk, and forgets what is neither there nor loaded.
    func note(_ listing: RepositoryListing) {
        let news = registry.state.withLock { state in
            let news = listing.problems.filter { !state.problems.contains($0) }
            state.problems = Set(listing.problems)
            return news
        }
        for problem in news { registry.report(.problem(problem)) }
        registry.change { state in
            for (name, model) in listing.models {
                if let labels = model.labels { state.wantedLabels[name] = labels }
                for version in model.versions where state.models[name]?[version] == nil {
                    state.models[name, default: [:]][version] = Self.found(name, version)
                }
            }
            for name in state.models.keys where !listing.unreadable.contains(name) {
                let listed = listing.models[name]?.versions ?? []
                for version in (state.models[name] ?? [:]).keys {
                    let isOnDisk = listed.contains(version)
                    state.models[name]?[version]?.isOnDisk = isOnDisk
                    if !isOnDisk && state.models[name]?[version]?.loaded == nil {
                        state.models[name]?[version] = nil
                    }
                }
                if state.models[name]?.isEmpty ?? true {
                    state.models[name] = nil
                    state.labels[name] = nil
                    state.wantedLabels[name] = nil
                }
            }
        }
    }

    /// Loads what policy wants of a model, then unloads what nobody wants.
    private func follow(_ name: String, retriesFailed: Bool) {
        let (versions, labels) = registry.state.withLock {
            ($0.models[name] ?? [:], $0.wantedLabels[name] ?? [:])
        }
        let available = versions.filter { !$0.value.isHeldBack && $0.value.isOnDisk }
        var wanted = Set(labels.values).intersection(available.keys)
        if registry.policy == .all { wanted.formUnion(available.keys) }
        for version in wanted.sorted() { _ = isReady(version, of: name, retriesFailed, .serving) }
        wanted.formUnion(moveLabels(of: name))
        if registry.policy == .latest {
            // A lower version that serves already goes on; else the next lower one is tried.
            let serving = available.keys.sorted(by: >).first {
                isReady($0, of: name, retriesFailed, .history)
            }
            guard let serving else { return }
            wanted.formUnion(available.keys.filter { $0 >= serving })
        }
        guard let reason = wanted.max().map({ "version \($0) took its place" }) else { return }
        for (version, entry) in versions.sorted(by: { $0.key < $1.key })
        where entry.loaded != nil && !entry.isPinned && !wanted.contains(version) {
            takeOut(name, version, reason, isHeldBack: false)
        }
    }

    /// Points labels to what they name now, except from a version that answers to one that does not.
    ///
    /// - Returns: The versions that labels name then.
    private func moveLabels(of name: String) -> Set<UInt64> {
        var named: Set<UInt64> = []
        registry.change { state in
            let versions = state.models[name] ?? [:]
            let before = state.labels[name] ?? [:]
            let after = (state.wantedLabels[name] ?? [:]).map { label, wanted in
                let old = before[label] ?? wanted
                let isStuck = versions[wanted]?.loaded == nil && versions[old]?.loaded != nil
                return (label, isStuck ? old : wanted)
            }
            state.labels[name] = Dictionary(uniqueKeysWithValues: after)
            named = Set(after.map(\.1))
        }
        return named
    }

    /// Whether a version is loaded, after loading it if there is a prospect.
    private func isReady(
        _ version: UInt64, of name: String, _ retriesFailed: Bool, _ comparison: Comparison
    ) -> Bool {
        // Looked up each time: an earlier step of the same look may have loaded it.
        let entry = registry.state.withLock { $0.models[name]?[version] }
        if entry?.loaded != nil { return true }
        if let failed = entry?.failedStamp, !retriesFailed,
            failed == registry.source.stamp(name, version: version)
        {
            return false
        }
        if case .success = loadVersion(name, version, comparison) { return true }
        return false
    }
}
