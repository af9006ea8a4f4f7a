// Candidates of your own, one comparison after another.
import { PrefloopCompare } from '@prefloop/widget/react';
import { createRoot } from 'react-dom/client';

const drafts = [
  { prompt: 'Where is my parcel?', candidates: ['It is **on its way**.', 'Please look it up.'] },
  { prompt: 'Can I return it?', candidates: ['Yes, within 30 days.', 'Returns are possible.', 'Sure thing!'] },
];
const next = () => drafts.shift() ?? null;
const getToken = async () => (await fetch('/prefloop-token')).text();

function Compare() {
  return (
    <PrefloopCompare
      edge="https://edge.example.com"
      domain="support-tone"
      kind="pair"
      token={getToken}
      source={next}
      onSent={({ id }) => console.log('the edge has the vote', id)}
    />
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(<Compare />);
