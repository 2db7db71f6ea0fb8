import TandemEngine
import TandemPackage
import TandemRequest
import TandemServingSupport
import TandemWire
import Testing

@testable import TandemServer

/// What a package's golden vectors let through.
@Suite struct GoldenCheckTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Why a version is refused whose golden vector expects that rating, where 5 is computed.
    private func refusal(_ rating: Float, isOwnArithmetic: Bool) throws -> RequestError? {
        let own = ProgramCompiler.numericsVersion
        let name = isOwnArithmetic ? "own\(rating)" : "other\(rating)"
        try TinyShop.publish(
            to: folder.path, name: name, goldenRating: rating,
            numericsVersion: isOwnArithmetic ? own : own + 1)
        let source = RepositorySource(path: folder.path)
        let terms = LoadTerms(loopCount: 1, threadCount: 1, limits: WireLimits(), clock: { 0 })
        do {
            _ = try source.load(name, version: 1, terms, LoadProgress())
            return nil
        } catch {
            return error
        }
    }

    @Test func `under their own arithmetic they hold to the last bit`() throws {
        #expect(try refusal(5, isOwnArithmetic: true) == nil)
        let near = Float(5).nextUp
        let error = try refusal(near, isOwnArithmetic: true)
        #expect(error?.code == .loadFailed)
        #expect(error?.message.contains("task 'rating', row 0: expected \(near)") == true)
    }

    /// The tolerance of a float program is 1e-4 of the value.
    @Test(arguments: [(Float(5.000_49), true), (5.000_51, false), (4.999_51, true), (4.999, false)])
    func `under another arithmetic they hold within the tolerance`(
        rating: Float, isTaken: Bool
    ) throws {
        let error = try refusal(rating, isOwnArithmetic: false)
        #expect((error == nil) == isTaken, "\(error?.message ?? "taken")")
    }
}
