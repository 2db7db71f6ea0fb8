// The walls on sizes: 600 lines a file, 200 a kernel, 70 a function, 80 for the daemon's start-up
// list, and 100 columns where the formatter does not look. Long things do not fall from the sky,
// they creep; where history needs a longer one, it stands in the ratchet with its length, which
// may only be lowered.

enum SizeWalls {
    static let fileLinesMax = 600
    static let kernelFileLinesMax = 200
    static let functionLinesMax = 70
    static let columnsMax = 100

    /// Files with a wall of their own.
    static let ownFileWalls = ["Sources/tandemd/main.swift": 80]

    /// Functions allowed above the wall, as "path name", with the lines each has.
    static let ratchet: [String: Int] = [:]

    /// The file's length against its wall.
    static func fileViolations(_ file: SourceFile) -> [String] {
        // The kernels' header is not one: it holds the contracts of all families.
        let isKernel = file.room == "CTandemKernels" && !file.path.contains("/include/")
        let wall = ownFileWalls[file.path] ?? (isKernel ? kernelFileLinesMax : fileLinesMax)
        let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
        guard count > wall else { return [] }
        return ["\(file.path):1: \(count) lines, the wall is \(wall): split it by idea"]
    }

    /// The file's lines that are wider than the wall.
    static func columnViolations(_ file: SourceFile) -> [String] {
        file.lines.enumerated().filter { $0.element.count > columnsMax }.map {
            "\(file.path):\($0.offset + 1): \($0.element.count) columns, the wall is \(columnsMax)"
        }
    }

    /// The file's functions against the wall and the ratchet.
    static func functionViolations(_ file: SourceFile, ratchet: [String: Int]) -> [String] {
        FunctionSpan.all(in: file).compactMap { function in
            let wall = ratchet["\(file.path) \(function.name)"] ?? functionLinesMax
            guard function.lineCount > wall else { return nil }
            return "\(file.path):\(function.line): \(function.name) has \(function.lineCount) "
                + "lines, the wall is \(wall): let the callee do the loops"
        }
    }

    /// Entries of the ratchet that are no longer needed, or could be lower.
    static func staleEntries(_ files: [SourceFile], ratchet: [String: Int]) -> [String] {
        var longest: [String: Int] = [:]
        for file in files where ratchet.keys.contains(where: { $0.hasPrefix("\(file.path) ") }) {
            for function in FunctionSpan.all(in: file) {
                let key = "\(file.path) \(function.name)"
                longest[key] = max(longest[key] ?? 0, function.lineCount)
            }
        }
        return ratchet.sorted { $0.key < $1.key }.compactMap { key, lines in
            let now = longest[key] ?? 0
            guard now < lines else { return nil }
            return "\(key): now \(now) lines, lower or remove its entry of \(lines)"
        }
    }
}
