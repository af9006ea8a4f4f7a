/** Which view is shown: it stands in the address, so that a copied address shows the same one. */
export type View = 'teach' | 'taste' | 'taste-replies';

const TITLES: Record<View, string> = {
  teach: 'Prefloop: teach the model',
  taste: 'Prefloop: your taste in pictures',
  'taste-replies': 'Prefloop: your taste in replies',
};

const isView = (name: string): name is View => name in TITLES;

export function activeView(): View {
  const name = location.hash.slice(1);
  return isView(name) ? name : 'teach';
}

export function focusView(): void {
  const places = [...document.querySelectorAll<HTMLElement>('.compare')];
  places.find((place) => !place.closest('[hidden]'))?.focus({ preventScroll: true });
}

/** Shows what the address says, now and whenever it changes: elements name the views they belong to in `data-view`. */
export function followAddress(shown: (view: View) => void): void {
  const show = () => {
    const view = activeView();
    document.title = TITLES[view];
    for (const part of document.querySelectorAll<HTMLElement>('[data-view]')) {
      part.hidden = !part.dataset.view?.split(' ').includes(view);
    }
    for (const link of document.querySelectorAll('nav a')) {
      const target = link.getAttribute('href')?.slice(1) ?? '';
      const isHere = target === view || (link.closest('.tabs') !== null && target === view.split('-')[0]);
      if (isHere) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    shown(view);
  };
  addEventListener('hashchange', () => {
    show();
    // What is read next is the view, not the link to it.
    focusView();
  });
  for (const link of document.querySelectorAll('nav a')) {
    link.addEventListener('click', () => link.getAttribute('href') === location.hash && focusView());
  }
  show();
}
