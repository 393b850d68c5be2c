// Puts the messages of a room and their changes in order, so that none is shown twice and none is left out.

const numberOf = (news) => (news.type === "message" ? news.id : (news.rev ?? 0));

// The reader's place in one room. Until its backlog has come, what is new is held back. `last`: what has an id up to
// that was said before we joined, or joined again.
export class Place {
	constructor(last) {
		this.last = this.newest = last;
		this.seen = last ? null : 0; // the last number passed on; null: the backlog has not come yet
		this.held = [];
	}

	// Returns what to show now that this has come.
	take(news) {
		if (this.seen === null) {
			this.held.push(news);
			return [];
		}
		const number = numberOf(news);
		if (number && number <= this.seen) return [];
		this.seen = Math.max(this.seen, number);
		if (news.type === "message") this.newest = Math.max(this.newest, news.id); // the greatest id that was passed on
		return [news];
	}

	// Takes the backlog. Returns what to show: that, and what was held back.
	backlog(messages) {
		const after = this.held.filter((one) => !messages.some(({ id }) => one.type === "message" && one.id === id));
		this.seen = 0;
		this.held = [];
		const shown = [...messages, ...after].flatMap((one) => this.take(one));
		this.seen = Math.max(this.seen, this.last);
		return shown;
	}
}
