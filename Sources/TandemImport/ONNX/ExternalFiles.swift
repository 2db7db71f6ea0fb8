import Glibc

// Design: a model reads its own folder and nothing else.
//
// A tensor may name a file that holds its bytes. The name comes with the model, from strangers, so
// it is a relative path without `..`, and the file that it leads to, all links followed, lies in the
// model's folder. What breaks that is kept as the tensor's problem, so that all are listed.

/// The files beside a model that its tensors point into, each mapped once.
final class ExternalFiles {
    /// The model's folder; nil for models from memory, which have no files beside them.
    private let folder: String?
    private var files: [String: Result<MappedFile, ImportError>] = [:]

    /// Files beside the model of that path; none if the path is empty.
    init(model: String) {
        guard !model.isEmpty else {
            folder = nil
            return
        }
        let parts = model.split(separator: "/", omittingEmptySubsequences: false)
        let parent = parts.dropLast().joined(separator: "/")
        folder = parts.count < 2 ? "." : parent.isEmpty ? "/" : parent
    }

    /// The files that were found.
    var mapped: [MappedFile] { files.values.compactMap { try? $0.get() } }

    /// The file of that relative path.
    ///
    /// - Throws: `ImportError` `externalFile`.
    func file(at location: String) throws(ImportError) -> MappedFile {
        if let known = files[location] { return try known.get() }
        let found: Result<MappedFile, ImportError>
        do throws(ImportError) {
            found = .success(try open(location))
        } catch {
            found = .failure(error)
        }
        files[location] = found
        return try found.get()
    }

    private func open(_ location: String) throws(ImportError) -> MappedFile {
        let remedy = "keep a model's external files in its folder, and save it with relative paths"
        guard let folder else {
            throw ImportError(
                .externalFile, "names the file '\(location)', but the model is not a file")
        }
        let components = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.isEmpty, !location.hasPrefix("/"), !components.contains(".."),
            !location.utf8.contains(0)
        else {
            throw ImportError(
                .externalFile,
                "names the file '\(location)', which is not a path inside its folder",
                remedy: remedy)
        }
        guard let root = Self.resolved(folder) else {
            throw ImportError(.externalFile, "the folder '\(folder)' cannot be read")
        }
        guard let path = Self.resolved("\(folder)/\(location)") else {
            throw ImportError(
                .externalFile, "the file '\(location)' is not beside the model",
                remedy: "copy it there, it was written with the model")
        }
        guard path.hasPrefix(root == "/" ? root : root + "/") else {
            throw ImportError(
                .externalFile,
                "the file '\(location)' is a link that leads out of the model's folder",
                remedy: remedy)
        }
        return try MappedFile(path: path)
    }

    private static func resolved(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }
}
