internal import TandemRequest
package import TandemWire

extension RequestService {
    /// Puts a status about the connection into the output.
    package mutating func refuse(_ status: WireStatus, _ output: inout ByteQueue) {
        refusals.add(status)
        buffers.arena.reset()
        write(status, id: 0, &output)
    }

    /// Puts the notice that the connection will be closed into the output.
    package mutating func sayGoodbye(
        closesIn nanoseconds: UInt64, _ output: inout ByteQueue
    ) {
        buffers.arena.reset()
        do {
            let frame = try buffers.encoder.goingAway(
                reason: "the daemon drains; connect again for more",
                closesInNanoseconds: nanoseconds)
            write(frame, &output)
        } catch { Self.mustFit(error) }
    }

    func write(_ answer: ControlAnswer, id: UInt64, _ output: inout ByteQueue) {
        do throws(WireError) {
            write(try buffers.encoder.control(id: id, answer), &output)
        } catch {
            write(error.status, id: id, &output)
        }
    }

    func write(_ status: WireStatus, id: UInt64, _ output: inout ByteQueue) {
        do {
            write(try buffers.encoder.status(id: id, status), &output)
        } catch {
            // The request left no room in the arena for its own refusal.
            buffers.arena.reset()
            do {
                write(try buffers.encoder.status(id: id, status), &output)
            } catch { Self.mustFit(error) }
        }
    }

    private func write(_ frame: EncodedFrame, _ output: inout ByteQueue) {
        guard let memory = output.reserve(frame.byteCount).baseAddress else { return }
        frame.write(to: memory)
        output.commit(frame.byteCount)
    }

    /// A status has at most 16 KiB, and an arena and a frame have more.
    private static func mustFit(_ error: any Error) -> Never {
        fatalError("a status did not fit its frame: \(error)")
    }
}
