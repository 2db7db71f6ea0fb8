internal import CTandemKernels
internal import TandemEngine
internal import TandemRequest
internal import TandemWire

// Design: large calls are everybody's, when nobody has something better to do.
//
// A loop offers one of its large calls at a time. It wakes loops that wait for work, and each loop,
// before it sleeps, looks at the others' offers, which is one word a loop. Helping is a block at a
// time, slice by slice while small calls come, with the own sockets polled in between: the helper's
// own requests wait as they would behind a large call of its own. Nothing is locked, and an offer
// that nobody takes costs its owner an atomic addition a block.

extension RequestService {
    /// Whether another loop offers something.
    var isHelpWanted: Bool {
        let offers = context.offers
        for index in offers.indices where index != loop && offers[index].rows.isOpen {
            return true
        }
        return false
    }

    /// Computes a slice or a block of another loop's call; there may be none left.
    mutating func help() -> WorkOutcome {
        var hasHelped = false
        if let (index, visit) = helped {
            helped = nil
            hasHelped = help(index, visit)
        } else {
            let offers = context.offers
            for index in offers.indices where index != loop && !hasHelped {
                guard let visit = offers[index].rows.enter() else { continue }
                hasHelped = help(index, visit)
            }
        }
        if !hasHelped && awaited != nil { tandemk_pause() }
        return hasHelped || awaited != nil ? .progressed : .idle
    }

    /// Helps a loop whose offer was entered, and leaves it unless a block stays half done.
    private mutating func help(_ index: Int, _ visit: SharedRows.Visit) -> Bool {
        let offer = context.offers[index]
        guard let helper = offer.loaded?.parts[loop].helper else {
            offer.rows.leave()
            return false
        }
        var hasHelped = helper.help(offer.rows, visit)
        while helper.isWithinBlock {
            if smallCallsCome(giveWay(at: context.clock())) {
                helped = (index, visit)
                return true
            }
            hasHelped = helper.help(offer.rows, visit)
        }
        offer.rows.leave()
        return hasHelped
    }

    /// Offers a call that has just begun, if it is worth it and nothing else is offered.
    mutating func offer(_ token: Int, _ run: UnsafeMutablePointer<PredictRun>) {
        let call = pending[token]
        guard context.offers.count > 1, offered == nil, !call.pointee.request.wantsExplanation,
            isWorthSharing(call.pointee.request.rows, call.pointee.loaded)
        else { return }
        offered = token
        context.offers[loop].loaded = call.pointee.loaded
        run.pointee.share(context.offers[loop].rows)
    }

    /// Wakes a loop that waits, if the call is offered and enough of it is left.
    func callHelpers(_ token: Int) {
        guard offered == token, context.offers[loop].rows.isOpen else { return }
        let group = context.group
        for index in group.mailboxes.indices where index != loop && group.isIdle(index) {
            group.mailboxes[index].wake()
        }
    }

    private func isWorthSharing(_ rows: Int, _ loaded: LoadedModel) -> Bool {
        let (work, overflow) = loaded.model.plan.workPerRow.multipliedReportingOverflow(by: rows)
        return overflow || work >= sharedWorkMin
    }
}
