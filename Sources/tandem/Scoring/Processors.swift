import Glibc

/// The processors that this program may run on.
enum Processors {
    /// How many there are, at least 1.
    static var count: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
