import TandemRequest
import TandemServingSupport
import TandemWire
import Testing

@testable import TandemServer

@Suite struct ModelTableTests {
    private func state(_ version: UInt64, _ state: ModelState) -> ModelVersionState {
        var entry = ModelVersionState()
        entry.name = "tiny"
        entry.version = version
        entry.state = state
        entry.reason = "because"
        return entry
    }

    private func find(
        _ name: String, _ states: [ModelVersionState], isComplete: Bool = true,
        version: UInt64? = nil
    ) -> RequestError? {
        let table = ModelTable(
            generation: 1, isComplete: isComplete,
            models: [ModelTable.Model(name: "tiny", loaded: [], states: states)])
        do {
            var name = name
            try name.withUTF8 { bytes in
                _ = try table.find(
                    TextView(UnsafeRawBufferPointer(bytes)),
                    version.map { .version($0) } ?? .current)
            }
            return nil
        } catch {
            return error as? RequestError
        }
    }

    @Test func `tells loading, failed, unloaded and unknown apart`() {
        let loading = find("tiny", [state(1, .loading)])
        #expect(loading?.code == .modelNotReady)
        #expect((loading?.retryAfterNanoseconds ?? 0) > 0)
        let failed = find("tiny", [state(1, .failed)])
        #expect(failed?.code == .modelFailed)
        #expect(failed?.message.contains("because") == true)
        let unloaded = find("tiny", [state(1, .unavailable)])
        #expect(unloaded?.code == .modelNotReady)
        #expect(unloaded?.retryAfterNanoseconds == 0)
        #expect(find("tiny", [state(1, .ready)], version: 2)?.code == .versionUnknown)
        let unknown = find("tinny", [state(1, .ready)])
        #expect(unknown?.code == .modelUnknown)
        #expect(unknown?.message.contains("did you mean 'tiny'?") == true)
    }

    @Test func `a model that was not found yet may still come`() {
        let error = find("other", [], isComplete: false)
        #expect(error?.code == .modelNotReady)
        #expect((error?.retryAfterNanoseconds ?? 0) > 0)
    }
}
