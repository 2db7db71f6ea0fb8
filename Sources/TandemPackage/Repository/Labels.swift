package import TandemNotation

// Design: labels lie beside the versions and belong to people.
//
// `<model>/labels.toml` says which version `stable`, `canary` or another name means. A version never
// changes, a label does; so labels are outside of every package. `tandem label` writes the file by
// rename and the daemon only reads it: it needs no right to write, and half a file is never seen. A
// label may name a version that is not there, which harms nobody until somebody asks for it.
//
//     [labels]
//     stable = 12
//     canary = 13

/// Names for versions of one model.
package struct Labels: Hashable, Sendable {
    /// Name of the file in the model's directory.
    package static let fileName = "labels.toml"

    /// The version that each label names.
    package private(set) var versions: [String: UInt64] = [:]

    /// No labels.
    package init() {}

    /// Reads the file's text.
    ///
    /// - Throws: `PackageError` `invalidLabels`, without path.
    package init(parsing text: String) throws(PackageError) {
        let root = try KeyTable<PackageError>(document: text)
        let table = try root.table("labels")
        for name in table.keys {
            let range = 1...Int(clamping: Limits.versionMax)
            guard let version = try table.integer(name, in: range) else { continue }
            try set(name, to: UInt64(version))
        }
        try root.finish("a model's labels")
    }

    /// The version that a label names, or nil.
    package subscript(label: String) -> UInt64? { versions[label] }

    /// Points a label to a version, or takes it away.
    ///
    /// - Throws: `PackageError` `invalidName` for a name that is no label, `invalidVersion`, or
    ///   `limitExceeded` for one label too many.
    package mutating func set(_ label: String, to version: UInt64?) throws(PackageError) {
        try Self.check(label)
        if let version { try VersionName.check(version) }
        versions[label] = version
        guard versions.count <= Limits.labelsMax else {
            throw PackageError(
                .limitExceeded, "a model has at most \(Limits.labelsMax) labels; remove some",
                subject: label, expected: UInt64(Limits.labelsMax))
        }
    }

    /// The file's text; labels in order of their names.
    package var text: String {
        "[labels]\n" + versions.sorted { $0.key < $1.key }.map { "\"\($0)\" = \($1)\n" }.joined()
    }

    /// Refuses names that are no labels: other than letters, digits and `_ - .`, or not beginning
    /// with a letter, so that no label looks like a version.
    private static func check(_ label: String) throws(PackageError) {
        let begins = label.utf8.first.map { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard begins == true, (try? ModelName.check(label)) != nil else {
            throw PackageError(
                .invalidName,
                "a label has 1 to \(Limits.modelNameBytesMax) letters, digits and _ - . and begins "
                    + "with a letter",
                subject: String(label.prefix(Limits.modelNameBytesMax)))
        }
    }
}

extension PackageError: NotationFailure {
    /// What is wrong in a file of labels.
    package init(_ error: NotationError) {
        let place = error.line.map { "line \($0): " } ?? ""
        let remedy = error.remedy.isEmpty ? "" : "; \(error.remedy)"
        self.init(.invalidLabels, "\(place)\(error.problem)\(remedy)", subject: error.key)
    }
}

extension Repository {
    /// A model's labels; none if it has no file of them.
    ///
    /// - Throws: `PackageError` `invalidLabels` and others, naming the file.
    package func labels(of model: String) throws(PackageError) -> Labels {
        let path = try labelsPath(model)
        let file: ReadableFile
        do throws(PackageError) {
            file = try ReadableFile(path: path)
        } catch {
            if error.code == .notFound { return Labels() }
            throw error
        }
        guard file.byteCount <= Limits.labelsBytesMax else {
            throw PackageError(
                .limitExceeded, "the file has more than \(Limits.labelsBytesMax) bytes",
                path: path, expected: UInt64(Limits.labelsBytesMax),
                actual: UInt64(file.byteCount))
        }
        let bytes = try file.prefix(file.byteCount)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PackageError(.invalidLabels, "the file is not UTF-8", path: path)
        }
        do throws(PackageError) {
            return try Labels(parsing: text)
        } catch {
            throw error.at(path)
        }
    }

    /// Changes a model's labels; readers see the file as it was or as it will be.
    ///
    /// One change waits for another, so none is lost.
    ///
    /// - Parameters:
    ///   - changes: The version for each label, nil to remove it.
    ///   - model: The model.
    ///   - fileSystem: Where it is written.
    /// - Returns: All labels as they are now.
    /// - Throws: `PackageError` `notFound` for a version that is not there, and others; nothing is
    ///   changed then.
    package func setLabels(
        _ changes: [String: UInt64?], of model: String,
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws(PackageError) -> Labels {
        let directory = try path(model: model)
        let lock = try DirectoryLock(waitingFor: directory)
        defer { withExtendedLifetime(lock) {} }
        var labels = try labels(of: model)
        for (label, version) in changes {
            if let version { try checkVersion(version, of: model, for: label) }
            try labels.set(label, to: version)
        }
        let path = try labelsPath(model)
        let hidden = "\(directory)/.\(Labels.fileName)-\(HiddenName.nonce)"
        do throws(PackageError) {
            let descriptor = try fileSystem.makeFile(hidden)
            defer { fileSystem.closeFile(descriptor) }
            let bytes = Array(labels.text.utf8)
            try bytes.withUnsafeBufferPointer { (bytes) throws(PackageError) in
                try fileSystem.write(UnsafeRawBufferPointer(bytes), to: descriptor, hidden)
            }
            try fileSystem.synchronizeFile(descriptor, hidden)
            try fileSystem.replaceFile(path, by: hidden)
        } catch {
            fileSystem.removeFile(hidden)
            throw error
        }
        try fileSystem.synchronizeDirectory(directory)
        return labels
    }

    private func checkVersion(
        _ version: UInt64, of model: String, for label: String
    ) throws(PackageError) {
        let target = try path(model: model, version: version)
        guard LocalFileSystem.isDirectory(target) else {
            let numbers = try versions(of: model).numbers.map(String.init).joined(separator: ", ")
            throw PackageError(
                .notFound, "there is no such version; there are \(numbers)", path: target,
                subject: "label \(label)")
        }
    }

    private func labelsPath(_ model: String) throws(PackageError) -> String {
        "\(try path(model: model))/\(Labels.fileName)"
    }
}
