import CBLAS

/// The matrix library, as the trainer needs it: called by several threads at once, each alone.
///
/// OpenBLAS comes in builds. The sequential one ("serial") shares its scratch buffers between
/// callers without a lock: two threads that multiply at the same time get wrong sums in some 2 of
/// 1,000 products (64 x 48 x 96, measured with Debian's 0.3.21), without an error. The threaded
/// builds lock, and are told to use one thread a call, so that ours are the only ones.
package enum MatrixLibrary {
    /// Makes the library ready.
    ///
    /// - Throws: `TrainingError` `unsafeLibrary` with the sequential build.
    package static func prepare() throws(TrainingError) {
        try check(parallelism: Int(openblas_get_parallel()))
        openblas_set_num_threads(1)
    }

    /// Refuses a build that threads cannot share; 0 is OpenBLAS's word for a sequential one.
    ///
    /// - Throws: `TrainingError` `unsafeLibrary`.
    package static func check(parallelism: Int) throws(TrainingError) {
        guard parallelism == 0 else { return }
        throw TrainingError(
            .unsafeLibrary,
            "the OpenBLAS in use is its serial build, which gives threads wrong sums",
            remedy: "install the threaded one: apt-get install libopenblas-pthread-dev")
    }
}
