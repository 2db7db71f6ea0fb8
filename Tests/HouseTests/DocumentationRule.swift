// Everything that crosses rooms has a contract in front of it. swift-format asks it of `public`
// declarations only, and ours are nearly all `package`; so this rule covers both, and holds that
// only the client has anything `public`.

enum DocumentationRule {
    /// Requirements of the standard library's protocols, whose contract is written there.
    static let documentedElsewhere = [
        "var description:", "var debugDescription:", "func ==", "func <", "func hash(into",
        "init(from decoder", "func encode(to",
    ]

    /// The one room whose declarations others outside the package see.
    static let publicRoom = "TandemClient"

    /// Declarations without a `///` in front, and `public` ones outside the client.
    static func violations(_ file: SourceFile) -> [String] {
        let declaration =
            #/
            ^ \s* (?: @\w+ (?: \( [^)]* \) )? \s+ )*
            (?: (?: (?:private|fileprivate|internal|package) \(set\) | final | static | class
                | mutating | override | nonisolated | indirect | required | convenience | lazy
                | weak | unowned | consuming | borrowing ) \s+ )*
            (public|package|open) \s+ (.*)
            /#
        var found: [String] = []
        let lines = file.lines
        for (index, code) in file.codeLines.enumerated() {
            guard let match = code.firstMatch(of: declaration) else { continue }
            if match.1 != "package", file.room != publicRoom {
                found.append(
                    "\(file.path):\(index + 1): only \(publicRoom) has `\(match.1)` "
                        + "declarations, write `package`")
            }
            let rest = match.2
            if rest.contains(/^(?:import|extension)\b/) { continue }
            if documentedElsewhere.contains(where: rest.contains) { continue }
            if !isDocumented(before: index, in: lines) {
                found.append(
                    "\(file.path):\(index + 1): say what this is for in a `///` in front: \(rest)")
            }
        }
        return found
    }

    /// Whether the lines above, attributes passed over, end in a documentation comment.
    private static func isDocumented(before index: Int, in lines: [Substring]) -> Bool {
        for line in lines[..<index].reversed() {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("///") { return true }
            if !text.hasPrefix("@") { return false }
        }
        return false
    }
}
