import Glibc
import Testing

/// The data sets beside the repository, where there are any.
enum RealFiles {
    /// The nearest `shared/data` above the tests' sources; tests that need it are skipped without.
    static let folder: String? = {
        var path = #filePath
        while let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            path = String(path[..<slash])
            let candidate = path + "/shared/data"
            if access(candidate, R_OK) == 0 { return candidate }
        }
        return nil
    }()

    /// For `.enabled(if:)`, with the reason that a skipped test shows.
    static let areThere: Bool = {
        if folder == nil { print("SKIPPING tests on real data: no shared/data above the sources") }
        return folder != nil
    }()

    /// A file of a data set.
    static func path(_ name: String) throws -> String {
        try #require(folder) + "/" + name
    }
}
