// A unit that names a flag the daemon does not have fails at the next boot, on somebody else's
// machine. So the flags of every ExecStart= are compared with what the daemon's own help lists.

enum UnitFiles {
    /// One command that a unit starts.
    struct Start: Equatable {
        let program: String
        let flags: [String]
        let line: Int
    }

    /// The `ExecStart=` commands of a service, continued lines joined.
    static func starts(_ unit: SourceFile) -> [Start] {
        var starts: [Start] = []
        var command: String?
        var first = 0
        for (index, line) in unit.lines.enumerated() {
            if command == nil {
                guard line.hasPrefix("ExecStart=") else { continue }
                first = index + 1
                command = ""
            }
            let isContinued = line.hasSuffix("\\")
            command? += (isContinued ? line.dropLast() : line) + " "
            if isContinued { continue }
            let words = (command ?? "").dropFirst("ExecStart=".count).split(separator: " ")
            command = nil
            guard let program = words.first else { continue }
            let flags = words.dropFirst().filter { $0.hasPrefix("-") }.map {
                String($0.prefix { $0 != "=" })
            }
            let name = program.split(separator: "/").last.map(String.init) ?? ""
            starts.append(Start(program: name, flags: flags, line: first))
        }
        return starts
    }

    /// The flags that a help text lists: `--name` wherever it begins a word.
    static func flags(inHelp help: String) -> Set<String> {
        Set(help.matches(of: /(?:^|[\s\[(,|])(--?[a-zA-Z][-a-zA-Z0-9]*)/).map { String($0.1) })
    }

    /// Flags of a unit's commands that their program's help does not list.
    static func violations(_ unit: SourceFile, help: [String: String]) -> [String] {
        starts(unit).flatMap { start in
            guard let text = help[start.program] else {
                return ["\(unit.path):\(start.line): starts \(start.program), which is not ours"]
            }
            let known = flags(inHelp: text)
            return start.flags.filter { !known.contains($0) }.map {
                "\(unit.path):\(start.line): \(start.program) has no flag \($0)"
            }
        }
    }
}
