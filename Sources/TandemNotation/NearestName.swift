/// Finds what someone probably meant.
package enum NearestName {
    /// The candidate nearest to a misspelt name; nil if none is near.
    ///
    /// Near means: equal but for case, blanks, hyphens and underscores, or at most a third of its
    /// letters (and at least one) inserted, dropped, changed or swapped with a neighbour.
    /// The first of equally near ones. Cost: O(candidates x length^2), for errors only.
    package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = plain(name)
        var best: (name: String, distance: Int)?
        for candidate in candidates where candidate != name {
            let other = plain(candidate)
            if other == wanted { return candidate }
            let bound = max(1, max(wanted.count, other.count) / 3)
            guard abs(wanted.count - other.count) <= bound else { continue }
            let distance = distance(wanted, other)
            if distance <= bound, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// A remedy that names the nearest candidate, or else the first few there are.
    package static func remedy(_ name: String, among candidates: [String]) -> String {
        if let nearest = find(name, among: candidates) { return "did you mean '\(nearest)'?" }
        guard !candidates.isEmpty else { return "" }
        let shown = candidates.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
        return "there are \(shown)\(candidates.count > 12 ? ", ..." : "")"
    }

    private static func plain(_ name: String) -> [Character] {
        name.prefix(128).lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    }

    /// Edits between two names; a swap of neighbours is one (optimal string alignment).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for i in left.indices {
            var current = [i + 1]
            for j in right.indices {
                var cost = previous[j] + (left[i] == right[j] ? 0 : 1)
                cost = min(cost, previous[j + 1] + 1, current[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, beforePrevious[j - 1] + 1)
                }
                current.append(cost)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
