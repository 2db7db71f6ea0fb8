import CBLAS
import Synchronization
import TandemTraining
import Testing

@Suite struct MatrixLibraryTests {
    @Test func `products of many threads at once are those of one alone`() throws {
        try MatrixLibrary.prepare()
        let product = Product()
        let expected = product.result()
        let wrong = Atomic(0)
        WorkerThreads.run(4) { _ in
            for _ in 0..<4_000 where product.result() != expected {
                wrong.add(1, ordering: .relaxed)
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    @Test func `refuses the serial build and says which one to install`() {
        let error = #expect(throws: TrainingError.self) {
            try MatrixLibrary.check(parallelism: 0)
        }
        #expect(error?.code == .unsafeLibrary)
        #expect(error?.remedy.contains("libopenblas-pthread-dev") == true)
    }

    /// One product of fixed matrices, in a shape that the serial build gets wrong.
    private struct Product: Sendable {
        private let a = (0..<64 * 96).map { Float($0 * 7919 % 1009) / 1009 }
        private let b = (0..<48 * 96).map { Float($0 * 104_729 % 997) / 997 }

        func result() -> [Float] {
            var c = [Float](repeating: 0, count: 64 * 48)
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, 64, 48, 96, 1, a, 96, b, 96, 0, &c, 48)
            return c
        }
    }
}
