import Foundation

/// What both commands print: a list of measurements, as JSON for programs or lines for people.
struct Report: Codable {
    /// One number.
    struct Measurement: Codable {
        /// The family, or what was measured.
        var name: String
        var shape: String?
        var kernel: String?
        var isChosen: Bool?
        var value: Double
        var unit: String

        private enum CodingKeys: String, CodingKey {
            case name
            case shape
            case kernel
            case isChosen = "chosen"
            case value
            case unit
        }
    }

    /// The instruction set that dispatch chose from, by its best member.
    var isa: String
    var results: [Measurement]

    /// Prints the report as one JSON document.
    func printJSON() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}

/// Three significant figures, aligned to the right.
func formatted(_ value: Double) -> String {
    let places = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
    return String(format: "%9.\(places)f", value)
}
