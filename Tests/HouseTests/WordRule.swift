// Words that say nothing, and marks of work left over. A type called a manager or a file of
// helpers has not been thought about: what it does has a name.

enum WordRule {
    /// Words that no type, function or file of ours has in its name.
    static let banned: Set<String> = [
        "manager", "helper", "helpers", "util", "utils", "utility", "utilities", "common", "misc",
        "impl", "new", "old",
    ]

    /// Verbs that do not say what is done, as a whole name.
    static let bareVerbs: Set<String> = ["process", "handle"]

    /// Marks that mean unfinished; spelled in halves, so that this file does not break its rule.
    static let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]

    /// The words of a name, in lower case: `makeHTTPFrame_v2` is make, http, frame, v2.
    static func words(_ name: some StringProtocol) -> [String] {
        var words: [String] = []
        var word = ""
        let letters = Array(name)
        for (index, letter) in letters.enumerated() {
            let next = index + 1 < letters.count ? letters[index + 1] : nil
            let isStart =
                letter.isUppercase
                && (word.last?.isLowercase == true || word.last?.isNumber == true
                    || next?.isLowercase == true)
            if isStart || !(letter.isLetter || letter.isNumber) {
                if !word.isEmpty { words.append(word.lowercased()) }
                word = ""
            }
            if letter.isLetter || letter.isNumber { word.append(letter) }
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        return words
    }

    /// What is wrong with a name, if anything.
    static func complaint(_ name: some StringProtocol) -> String? {
        let words = words(name)
        if let word = words.first(where: banned.contains) { return "`\(word)` says nothing" }
        if words.contains(where: { $0.wholeMatch(of: /v[0-9]+/) != nil }) {
            return "a number in a name ages"
        }
        if words.count > 1, words.last == "data" { return "everything is data" }
        return nil
    }

    /// Names of the file, its types and its functions that say nothing.
    static func nameViolations(_ file: SourceFile) -> [String] {
        var found: [String] = []
        let stem = file.name.prefix { $0 != "." }
        if let complaint = complaint(stem) { found.append("\(file.path):1: \(stem): \(complaint)") }
        guard file.isSwift else { return found }
        let declaration = /\b(struct|class|enum|protocol|actor|typealias|func)\s+(\w+)/
        for (index, line) in file.codeLines.enumerated() {
            for match in line.matches(of: declaration) {
                let name = match.2
                let isBare = match.1 == "func" && bareVerbs.contains(String(name))
                let isType = match.1 != "func"
                let complaint =
                    isBare ? "say what is done" : isType ? complaint(name) : nil
                if let complaint {
                    found.append("\(file.path):\(index + 1): \(name): \(complaint)")
                }
            }
        }
        return found
    }

    /// Marks of unfinished work, anywhere in a file.
    static func markViolations(_ file: SourceFile) -> [String] {
        file.lines.enumerated().compactMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            guard let mark = marks.first(where: { words.contains(Substring($0)) }) else {
                return nil
            }
            return "\(file.path):\(index + 1): finish what is marked \(mark), or file an issue"
        }
    }
}
