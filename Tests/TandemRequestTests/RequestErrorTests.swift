import TandemRequest
import TandemWire
import Testing

@Suite struct RequestErrorTests {
    @Test func `every code travels under a reason of its own and comes back as itself`() {
        var reasons: Set<String> = []
        for code in RequestError.Code.all {
            #expect(reasons.insert(code.reason).inserted)
            #expect(code.statusCode != .ok && code.statusCode != .unknown)
            let status = RequestError(code, "why").status
            #expect(status.code == code.statusCode)
            #expect(RequestError(status)?.code == code)
        }
        #expect(reasons.count == 38)
    }

    @Test func `facts survive the way through a status`() {
        var error = RequestError(
            .featureWrongCount, "m", model: "a", feature: "b", task: "c", limit: "d", bound: 1,
            actual: -2, expected: "e", given: "f", row: 3, offset: 4)
        error.retryAfterNanoseconds = 5
        #expect(RequestError(error.status) == error)
    }

    @Test func `a status of another room's is not taken for one of ours`() {
        #expect(RequestError(WireStatus(.notFound, "x")) == nil)
        let foreign = WireStatus(
            .notFound, "x", details: [StatusDetail(reason: "WIRE_MALFORMED")])
        #expect(RequestError(foreign) == nil)
    }

    @Test func `prints on one line with its reason`() {
        let error = RequestError(.modelUnknown, "there is no model 'x'")
        #expect(error.description == "request: there is no model 'x' (MODEL_UNKNOWN)")
    }
}
