// The import walls: which room may see which. SwiftPM does not keep them (importing what a target
// depends on only transitively compiles), so this table is the authority, and it is the one of the
// design: a row names what a room imports directly; what those import, it may import too. The
// client is the exception: it sees the wire and the system shim and nothing behind them.
//
// What is not a room (libraries from elsewhere, Foundation) is never inherited: each room that
// uses one names it.

/// One room's row.
struct Room {
    /// The rooms it stands on.
    let imports: [String]
    /// What it may import that is no room of ours.
    var externals: [String] = []
    /// Whether it may also import what its imports import.
    var isTransitive = true
}

enum ImportWalls {
    /// Modules of the language and the C library, open to every room.
    static let open: Set<String> = ["Swift", "Glibc", "Synchronization"]

    static let table: [String: Room] = [
        "CProtobufC": Room(imports: []),
        "CZstd": Room(imports: []),
        "CZlib": Room(imports: []),
        "CBLAS": Room(imports: []),
        "CTandemKernels": Room(imports: []),
        "CTandemSystem": Room(imports: []),
        "CTandemProto": Room(imports: ["CProtobufC"]),
        "TandemNotation": Room(imports: []),
        "TandemGraph": Room(imports: []),
        "TandemFeatures": Room(imports: ["TandemGraph", "TandemNotation"]),
        "TandemPackage": Room(
            imports: ["TandemGraph", "TandemFeatures", "CTandemProto", "CTandemSystem", "CZstd"],
            externals: ["Crypto"]),
        "TandemEngine": Room(imports: ["TandemGraph", "CTandemKernels"]),
        "TandemWire": Room(imports: ["CTandemProto"]),
        "TandemRequest": Room(imports: ["TandemWire", "TandemFeatures", "TandemEngine"]),
        "TandemServer": Room(
            imports: ["TandemRequest", "TandemPackage", "CTandemSystem"],
            externals: ["Logging"]),
        "TandemImport": Room(imports: ["TandemGraph", "TandemFeatures", "TandemNotation"]),
        "TandemTraining": Room(
            imports: ["TandemGraph", "TandemFeatures", "CBLAS", "CZlib", "CZstd"],
            externals: ["Foundation"]),
        "TandemClient": Room(imports: ["TandemWire", "CTandemSystem"], isTransitive: false),
        "tandemd": Room(imports: ["TandemServer"], externals: ["ArgumentParser", "Logging"]),
        "tandem": Room(
            imports: [
                "TandemClient", "TandemTraining", "TandemPackage", "TandemRequest", "TandemImport",
            ],
            externals: ["ArgumentParser"]),
        "tandem-bench": Room(
            imports: ["TandemEngine", "TandemPackage"], externals: ["ArgumentParser", "Foundation"]),
    ]

    /// What a room may import: its own row, and what its rooms may import.
    static func allowed(_ name: String, in table: [String: Room]) -> Set<String> {
        guard let room = table[name] else { return [] }
        var allowed = rooms(below: name, in: table)
        if !room.isTransitive { allowed = Set(room.imports) }
        return allowed.union(room.externals).union(open)
    }

    /// The rooms below one, however far.
    private static func rooms(below name: String, in table: [String: Room]) -> Set<String> {
        var found: Set<String> = []
        var waiting = table[name]?.imports ?? []
        while let next = waiting.popLast() {
            if found.insert(next).inserted { waiting += table[next]?.imports ?? [] }
        }
        return found
    }

    /// The imports of one file that its room's row does not allow.
    static func violations(_ file: SourceFile, in table: [String: Room]) -> [String] {
        guard table[file.room] != nil else {
            return ["\(file.path):1: no row for the room \(file.room) in the table of import walls"]
        }
        let allowed = allowed(file.room, in: table)
        return importedModules(file).filter { !allowed.contains($0.module) }.map {
            "\(file.path):\($0.line): \(file.room) must not import \($0.module)"
        }
    }

    /// The modules a Swift file imports, with their lines.
    static func importedModules(_ file: SourceFile) -> [(module: String, line: Int)] {
        let declaration =
            #/
            ^ \s* (?: @\w+ (?: \( [^)]* \) )? \s+ )*
            (?: (?:public|package|internal|private|fileprivate) \s+ )? import \s+
            (?: (?:struct|class|enum|protocol|typealias|func|var|let) \s+ )? (\w+)
            /#
        return file.codeLines.enumerated().compactMap { index, line in
            line.firstMatch(of: declaration).map { (String($0.1), index + 1) }
        }
    }

    /// Headers of native libraries, and the one C room that may include each.
    static let headerOwners = [
        "protobuf-c/": ["CProtobufC", "CTandemProto"], "zstd": ["CZstd"], "zlib.h": ["CZlib"],
        "cblas": ["CBLAS"], "tandem_kernels.h": ["CTandemKernels"],
        "tandem_system.h": ["CTandemSystem"], "tandem_proto.h": ["CTandemProto"],
    ]

    /// The includes of a C file that belong to another room.
    static func includeViolations(_ file: SourceFile) -> [String] {
        let directive = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/
        return file.lines.enumerated().compactMap { index, line in
            guard let header = line.firstMatch(of: directive)?.1 else { return nil }
            for (prefix, owners) in headerOwners
            where header.hasPrefix(prefix) && !owners.contains(file.room) {
                return "\(file.path):\(index + 1): \(file.room) must not include \(header)"
            }
            return nil
        }
    }
}
