extension String {
    /// The most characters of a text that an error quotes.
    package static let quotedCountMax = 40

    /// At most as many characters as errors quote, without line breaks.
    package var cutShort: String {
        let line = String(map { $0.isNewline ? " " : $0 })
        guard line.count > Self.quotedCountMax else { return line }
        return line.prefix(Self.quotedCountMax) + "..."
    }
}
