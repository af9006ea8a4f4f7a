// Your server signs a token for whoever is signed in there; the widget asks again whenever it needs a new one.
const widget = document.querySelector('prefloop-compare');
widget.token = async () => (await fetch('/prefloop-token')).text();
widget.addEventListener('prefloop:sent', ({ detail }) => console.log('the edge has the vote', detail.id));
