/** The page of `npm run demo`: who is there, which view, and whom a key is for. */
import { startSession } from './session.ts';
import { activeView, focusView, followAddress, type View } from './tabs.ts';
import { startTaste } from './taste.ts';
import { startTeach } from './teach.ts';

/** Takes a key that was pressed; says nothing of one that means nothing to it. */
type Press = (key: string) => void;

const session = await startSession();
const started: Partial<Record<View, Press>> = {};
const starts: Record<View, () => Press> = {
  teach: () => startTeach(session),
  taste: () => startTaste('pictures', session),
  'taste-replies': () => startTaste('replies', session),
};

// A view starts when it is first shown: nothing is drawn for a tab that nobody looks at.
followAddress((view) => {
  started[view] ??= starts[view]();
});

document.addEventListener('keydown', (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey || event.repeat)
    return;
  started[activeView()]?.(event.key.toLowerCase());
});

// The address names the view; a jump inside it must not change that.
document.querySelector('.skip-link')?.addEventListener('click', (event) => {
  event.preventDefault();
  focusView();
});
