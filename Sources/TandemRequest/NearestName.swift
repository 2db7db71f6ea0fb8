/// Finds the name that was probably meant.
///
/// For refusals only: it allocates.
package enum NearestName {
    /// The candidate with the fewest edits, if these are few enough to be a slip: a third of the
    /// name, at least one.
    ///
    /// - Parameters:
    ///   - name: What was given.
    ///   - candidates: What there is; ties go to the first.
    /// - Returns: Nil if nothing is near.
    package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().utf8.prefix(lengthMax))
        var best: String?
        var bestDistance = max(1, wanted.count / 3) + 1
        for candidate in candidates {
            let bytes = Array(candidate.lowercased().utf8.prefix(lengthMax))
            guard abs(bytes.count - wanted.count) < bestDistance else { continue }
            let distance = editDistance(wanted, bytes)
            if distance < bestDistance { (best, bestDistance) = (candidate, distance) }
        }
        return best
    }

    /// A sentence for an error's message: which name was probably meant, or what there is.
    package static func remedy(_ name: String, among candidates: [String]) -> String {
        if let near = find(name, among: candidates) { return "did you mean '\(near)'?" }
        let shown = candidates.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
        return candidates.isEmpty
            ? "there are none" : "there are \(shown)\(candidates.count > 8 ? ", ..." : "")"
    }

    /// Longer names are compared by their beginning.
    private static let lengthMax = 64

    /// Levenshtein's distance, where exchanging two neighbours also counts one.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before = [Int](repeating: 0, count: b.count + 1)
        var above = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                var cost = min(above[j + 1] + 1, row[j] + 1, above[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                row.append(cost)
            }
            (before, above) = (above, row)
        }
        return above[b.count]
    }
}
