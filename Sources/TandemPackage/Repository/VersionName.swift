/// The rules for version directories: the number in decimal, as a program would write it.
package enum VersionName {
    /// The version that a directory's name stands for.
    ///
    /// - Throws: `PackageError` `invalidVersion` for what is not canonical: `007`, `+1`, `0`, `-1`,
    ///   more than 2^63 - 1.
    package static func parse(_ name: String) throws(PackageError) -> UInt64 {
        guard let version = UInt64(name), version >= 1, version <= Limits.versionMax,
            String(version) == name
        else {
            throw PackageError(
                .invalidVersion,
                "a version is a number from 1 to \(Limits.versionMax) without leading zeros",
                subject: name)
        }
        return version
    }

    /// Refuses 0 and what is over the limit.
    ///
    /// - Throws: `PackageError` `invalidVersion`.
    package static func check(_ version: UInt64) throws(PackageError) {
        _ = try parse(String(version))
    }
}
