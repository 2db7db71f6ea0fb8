/// The rules for what names directories of a repository.
package enum ModelName {
    /// Refuses names that are empty, too long, begin with `.`, or use other than
    /// `A-Z a-z 0-9 _ - .`; so no name leaves its directory or hides in it.
    ///
    /// - Throws: `PackageError` `invalidName`.
    package static func check(_ name: String) throws(PackageError) {
        guard (1...Limits.modelNameBytesMax).contains(name.utf8.count) else {
            throw PackageError(
                .invalidName,
                "a model's name has 1 to \(Limits.modelNameBytesMax) bytes, this one "
                    + "\(name.utf8.count)",
                expected: UInt64(Limits.modelNameBytesMax), actual: UInt64(name.utf8.count))
        }
        guard name.utf8.first != UInt8(ascii: "."), name.utf8.allSatisfy(isAllowed) else {
            throw PackageError(
                .invalidName,
                "a model's name is of letters, digits and _ - . and does not begin with .",
                subject: name)
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
