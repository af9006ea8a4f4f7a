/** What the widget says, in five languages; `element.strings` brings another. {n}, {p} and {k} are numbers. */

export const LANGUAGES = ['en', 'de', 'fr', 'es', 'ar'];

/** One row for each thing that is said, in the order of LANGUAGES. */
export const WORDS = {
  answer: ['Answer {n}', 'Antwort {n}', 'Réponse {n}', 'Respuesta {n}', 'الإجابة {n}'],
  prefer: [
    'Prefer answer {n}',
    'Antwort {n} vorziehen',
    'Préférer la réponse {n}',
    'Prefiero la respuesta {n}',
    'أفضّل الإجابة {n}',
  ],
  tie: ['About the same', 'Etwa gleich', 'À peu près pareil', 'Más o menos igual', 'متقاربتان'],
  bad: ['None is good', 'Keine ist gut', 'Aucune n’est bonne', 'Ninguna es buena', 'لا توجد إجابة جيدة'],
  skip: ['Skip', 'Überspringen', 'Passer', 'Omitir', 'تخطٍّ'],
  reason: [
    'Why? (optional)',
    'Warum? (freiwillig)',
    'Pourquoi ? (facultatif)',
    '¿Por qué? (opcional)',
    'لماذا؟ (اختياري)',
  ],
  save: ['Save', 'Speichern', 'Enregistrer', 'Guardar', 'حفظ'],
  undo: ['Undo', 'Rückgängig', 'Annuler', 'Deshacer', 'تراجع'],
  sent: ['Saved.', 'Gespeichert.', 'Enregistré.', 'Guardado.', 'حُفظ.'],
  choose: ['Choose again.', 'Wählen Sie neu.', 'Choisissez à nouveau.', 'Elija de nuevo.', 'اختر من جديد.'],
  kept: [
    'Kept on this device, sent later.',
    'Hier aufgehoben, wird später gesendet.',
    'Gardé ici, envoyé plus tard.',
    'Guardado aquí, se enviará más tarde.',
    'محفوظ هنا، وسيُرسل لاحقًا.',
  ],
  full: [
    'This device is full: keep this page open.',
    'Das Gerät ist voll: Lassen Sie die Seite offen.',
    'Appareil plein : laissez cette page ouverte.',
    'Dispositivo lleno: deje esta página abierta.',
    'الجهاز ممتلئ: أبقِ الصفحة مفتوحة.',
  ],
  signIn: ['Please sign in.', 'Bitte melden Sie sich an.', 'Veuillez vous connecter.', 'Inicie sesión.', 'سجّل الدخول.'],
  refused: [
    'This vote was not accepted.',
    'Die Stimme wurde nicht angenommen.',
    'Ce vote n’a pas été accepté.',
    'El voto no fue aceptado.',
    'لم يُقبل هذا الصوت.',
  ],
  loading: ['Loading…', 'Wird geladen…', 'Chargement…', 'Cargando…', 'جارٍ التحميل…'],
  failed: [
    'Nothing to compare at the moment.',
    'Gerade gibt es nichts zu vergleichen.',
    'Rien à comparer pour le moment.',
    'Ahora no hay nada que comparar.',
    'لا يوجد ما يُقارن الآن.',
  ],
  again: ['Try again', 'Noch einmal versuchen', 'Réessayer', 'Reintentar', 'أعد المحاولة'],
  done: [
    'That was all. Thank you!',
    'Das war alles. Vielen Dank!',
    'C’est tout. Merci !',
    'Eso es todo. ¡Gracias!',
    'هذا كل شيء. شكرًا لك!',
  ],
  empty: ['(empty)', '(leer)', '(vide)', '(vacía)', '(فارغة)'],
  order: [
    'Best first: drag, or use the arrow keys.',
    'Beste zuerst: ziehen oder Pfeiltasten.',
    'Meilleure en premier : glissez ou flèches.',
    'Mejor primero: arrastre o flechas.',
    'الأفضل أولًا: بالسحب أو بالأسهم.',
  ],
  up: [
    'Move answer {n} up',
    'Antwort {n} nach oben',
    'Monter la réponse {n}',
    'Subir la respuesta {n}',
    'نقل الإجابة {n} إلى أعلى',
  ],
  down: [
    'Move answer {n} down',
    'Antwort {n} nach unten',
    'Descendre la réponse {n}',
    'Bajar la respuesta {n}',
    'نقل الإجابة {n} إلى أسفل',
  ],
  same: [
    'Answer {n}: as good as the one above',
    'Antwort {n}: so gut wie die darüber',
    'Réponse {n} : comme celle du dessus',
    'Respuesta {n}: como la de arriba',
    'الإجابة {n} كالتي فوقها',
  ],
  placed: [
    'Answer {n}: place {p} of {k}',
    'Antwort {n}: Platz {p} von {k}',
    'Réponse {n} : place {p} sur {k}',
    'Respuesta {n}: puesto {p} de {k}',
    'الإجابة {n}: المرتبة {p} من {k}',
  ],
  rate: [
    'Rate answer {n} ({k} is best)',
    'Antwort {n} bewerten ({k} = sehr gut)',
    'Noter la réponse {n} ({k} = excellente)',
    'Valorar la respuesta {n} ({k} = excelente)',
    'قيّم الإجابة {n} ({k} هي الأفضل)',
  ],
  wrong: [
    'First wrong step of answer {n}',
    'Erster falscher Schritt von Antwort {n}',
    'Première étape fausse de la réponse {n}',
    'Primer paso incorrecto de la respuesta {n}',
    'أول خطوة خاطئة في الإجابة {n}',
  ],
  right: [
    'All steps are correct',
    'Alle Schritte sind richtig',
    'Toutes les étapes sont justes',
    'Todos los pasos son correctos',
    'كل الخطوات صحيحة',
  ],
};

export type Words = Record<keyof typeof WORDS, string>;
export type Say = (key: keyof Words, numbers?: { n?: number; p?: number; k?: number }) => string;

/** `language` is a tag such as de-CH; English where it is not known. `own` overrides word by word. */
export function speak(language: string, own: Partial<Words> = {}): { say: Say; lang: string; rtl: boolean } {
  const at = Math.max(0, LANGUAGES.indexOf(language.toLowerCase().split('-')[0] ?? ''));
  const lang = LANGUAGES[at] as string;
  const say: Say = (key, numbers = {}) =>
    (own[key] ?? (WORDS[key][at] as string)).replace(/\{(.)\}/g, (_, name: 'n') => String(numbers[name]));
  return { say, lang, rtl: lang === 'ar' };
}
